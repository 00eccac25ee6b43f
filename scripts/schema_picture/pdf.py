"""A drawing as PDF: one page, Helvetica, which every reader of PDF has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.schema_picture.shapes import Arrow, Box, Line, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.schema_picture.shapes import Drawing, Shape


def pdf(drawing: Drawing) -> bytes:
    """Write a drawing as a PDF document, the same bytes each time.

    Nothing is compressed: zlib's bytes differ between its versions.
    """
    content = "\n".join(
        command for shape in drawing.shapes for command in _commands(shape, drawing)
    ).encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            "<< /Type /Page /Parent 2 0 R "
            f"/MediaBox [0 0 {drawing.width:g} {drawing.height:g}] /Contents 4 0 R "
            "/Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>"
        ).encode("ascii"),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        _font("Helvetica"),
        _font("Helvetica-Bold"),
        f"<< /Title ({_text(drawing.title)}) >>".encode("ascii"),
    ]
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, held in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, held)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        written += b"%010d 00000 n \n" % place
    written += b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\n" % (len(objects) + 1)
    written += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(written)


def _font(name: str) -> bytes:
    font = f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} "
    return (font + "/Encoding /WinAnsiEncoding >>").encode("ascii")


def _commands(shape: Shape, drawing: Drawing) -> Iterator[str]:
    """Give a shape in PDF's words, whose origin is at the bottom left."""
    height = drawing.height
    match shape:
        case Box():
            box = (
                f"{shape.x:.2f} {height - shape.y - shape.height:.2f} "
                f"{shape.width:.2f} {shape.height:.2f} re"
            )
            yield f"{_color(shape.fill)} rg {box} f"
            if shape.stroke:
                yield f"{_color(shape.stroke)} RG 1 w {box} S"
        case Line():
            (x, y), *rest = shape.points
            path = [f"{x:.2f} {height - y:.2f} m"]
            path += [f"{x:.2f} {height - y:.2f} l" for x, y in rest]
            yield f"{_color(shape.color)} RG {shape.width:g} w {' '.join(path)} S"
        case Arrow():
            (x, y), *rest = shape.corners
            path = [f"{x:.2f} {height - y:.2f} m"]
            path += [f"{x:.2f} {height - y:.2f} l" for x, y in rest]
            yield f"{_color(shape.color)} rg {' '.join(path)} h f"
        case Words():
            yield (
                f"BT /F{2 if shape.bold else 1} {shape.size:g} Tf "
                f"{_color(shape.color)} rg {shape.x:.2f} {height - shape.y:.2f} Td "
                f"({_text(shape.text)}) Tj ET"
            )


def _color(color: str) -> str:
    return " ".join(f"{int(color[at : at + 2], 16) / 255:.3f}" for at in (1, 3, 5))


def _text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
