"""A drawing as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from scripts.schema_picture.shapes import Arrow, Box, Line, Words

if TYPE_CHECKING:
    from scripts.schema_picture.shapes import Drawing, Shape

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"


def svg(drawing: Drawing, *, comment: str = "") -> str:
    """Write a drawing as an SVG document.

    Args:
        drawing: What to write.
        comment: For whoever opens the file in an editor.
    """
    size = f"{drawing.width:g} {drawing.height:g}"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" '
        f'width="{drawing.width:g}" height="{drawing.height:g}" '
        f'font-family="{FONT}" role="img">'
    )
    lines = [
        opening,
        f"<title>{escape(drawing.title)}</title>",
        *(_element(shape) for shape in drawing.shapes),
        *(
            f'<a href="#{name}" id="picture-{name}"><rect x="{x:g}" y="{y:g}" '
            'width="270" height="30" fill="transparent"/></a>'
            for name, x, y in drawing.anchors
        ),
        "</svg>",
    ]
    if comment:
        lines.insert(1, f"<!-- {comment} -->")
    return "\n".join(lines) + "\n"


def _element(shape: Shape) -> str:
    match shape:
        case Box():
            stroke = f' stroke="{shape.stroke}"' if shape.stroke else ""
            return (
                f'<rect x="{shape.x:.5g}" y="{shape.y:.5g}" width="{shape.width:.5g}" '
                f'height="{shape.height:.5g}" fill="{shape.fill}"{stroke}/>'
            )
        case Line():
            points = " ".join(f"{x:.6g},{y:.6g}" for x, y in shape.points)
            return (
                f'<polyline points="{points}" fill="none" stroke="{shape.color}" '
                f'stroke-width="{shape.width:g}"/>'
            )
        case Arrow():
            points = " ".join(f"{x:.6g},{y:.6g}" for x, y in shape.corners)
            return f'<polygon points="{points}" fill="{shape.color}"/>'
        case Words():
            bold = ' font-weight="bold"' if shape.bold else ""
            text = (
                f'<text x="{shape.x:.6g}" y="{shape.y:.6g}" '
                f'font-size="{shape.size:g}" fill="{shape.color}"{bold} '
                # Whatever font the reader has, it takes the room that was planned.
                f'textLength="{shape.width:.1f}" lengthAdjust="spacingAndGlyphs">'
                f"{escape(shape.text)}</text>"
            )
            return (
                f"<a href={quoteattr('#' + shape.to)}>{text}</a>" if shape.to else text
            )
