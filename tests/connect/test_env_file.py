"""The environment file is changed where it is meant to be and nowhere else."""

from __future__ import annotations

import stat
from io import StringIO

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.connect.env_file import EnvFile, edited
from tap_stripe.errors import ConnectError

NAMES = st.sampled_from(["A", "B", "TAP_STRIPE_API_KEY", "TAP_STRIPE_ACCOUNT_IDS"])
LINES = st.lists(
    st.one_of(
        st.builds("{}={}".format, NAMES, st.sampled_from(["1", "'a\nb'", '"x # y"'])),
        st.builds("export {}={}".format, NAMES, st.just("2")),
        st.sampled_from(["", "# A=1", "  ", "nonsense here", "='", "A"]),
    )
)
VALUES = st.one_of(
    st.none(), st.text(st.characters(min_codepoint=32, max_codepoint=300))
)


def read(text):
    return dotenv_values(stream=StringIO(text, newline=""), interpolate=False)


@given(
    LINES,
    st.dictionaries(NAMES, VALUES, min_size=1),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_a_change_is_read_back_and_all_else_is_as_it_was(
    lines, changes, newline, ended
) -> None:
    text = newline.join(lines) + (newline if ended else "")

    changed = edited(text, changes)

    wanted = {k: v for k, v in read(text).items() if k not in changes}
    wanted |= {k: v for k, v in changes.items() if v is not None}
    assert read(changed) == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "KEY=new\n"),
        ("A=1", "A=1\nKEY=new\n"),
        ("# x\nKEY=old # why\n\nA=1\n", "# x\nKEY=new\n\nA=1\n"),
        ("KEY=1\nA=2\nexport KEY='3'\n", "A=2\nKEY=new\n"),
        ("#KEY=1\nKEYS=2\n", "#KEY=1\nKEYS=2\nKEY=new\n"),
        ("A='x\nKEY=y'\n", "A='x\nKEY=y'\nKEY=new\n"),
    ],
)
def test_a_variable_is_set_where_it_stands(before, after) -> None:
    assert edited(before, {"KEY": "new"}) == after


def test_a_variable_is_taken_out_with_its_line() -> None:
    assert edited("A=1\nKEY=2\nB=3\nKEY=4\n", {"KEY": None}) == "A=1\nB=3\n"


def test_what_it_is_a_link_to_is_changed(tmp_path) -> None:
    real = tmp_path / "elsewhere"
    real.write_text("A=1\n", encoding="utf-8")
    real.chmod(0o644)
    (tmp_path / ".env").symlink_to(real)

    EnvFile(tmp_path / ".env").change({"B": "2"})

    assert (tmp_path / ".env").is_symlink()
    assert real.read_text("utf-8") == "A=1\nB=2\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_check_leaves_nothing_behind(tmp_path) -> None:
    EnvFile(tmp_path / ".env").check()

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_text_is_named(tmp_path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")

    with pytest.raises(ConnectError, match=r"\.env can't be read"):
        EnvFile(tmp_path / ".env").values()
