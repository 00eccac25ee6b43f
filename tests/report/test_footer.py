"""A footer in a terminal that others write to as well: none of their lines is lost."""

from __future__ import annotations

import io

import pyte
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.report.footer import Footer

COLUMNS, LINES = 40, 20


class Terminal(io.StringIO):
    """What a person sees, and could scroll back to."""

    def __init__(self):
        super().__init__()
        self._screen = pyte.HistoryScreen(COLUMNS, LINES, history=10_000)
        self._stream = pyte.Stream(self._screen)

    def write(self, text):
        # As the terminal's driver does.
        self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)

    def size(self):
        return self._screen.columns, self._screen.lines

    def resize(self, lines):
        self._screen.resize(lines=lines)

    def screen(self):
        return [line.rstrip() for line in self._screen.display]

    def lines(self):
        """Give all lines that were ever written, without empty ones."""
        above = [
            "".join(line[column].data for column in range(COLUMNS)).rstrip()
            for line in self._screen.history.top
        ]
        return [line for line in (*above, *self.screen()) if line]


def footer_in(terminal):
    return Footer(terminal, terminal.size)


def test_lines_stand_at_the_bottom_and_others_above_them():
    terminal = Terminal()
    footer = footer_in(terminal)
    terminal.write("the first line\n")

    footer.show(["one", "two"])
    for number in range(30):
        terminal.write(f"line {number}\n")
    footer.show(["one more", "two more"])

    assert terminal.screen()[-2:] == ["one more", "two more"]
    assert terminal.screen()[-4:-2] == ["line 29", ""]


def test_nothing_is_left_of_it_at_the_end():
    terminal = Terminal()
    footer = footer_in(terminal)
    terminal.write("above\n")
    footer.show(["one", "two", "three"])

    footer.close()
    footer.close()
    terminal.write("below\n")

    assert terminal.lines() == ["above", "below"]
    for number in range(LINES):
        terminal.write(f"{number}\n")
    assert terminal.screen()[-2:] == [str(LINES - 1), ""]


STEPS = st.lists(
    st.one_of(
        st.integers(1, LINES // 2).map(lambda count: ("show", count)),
        st.integers(1, 2 * LINES).map(lambda count: ("write", count)),
        st.just(("close", 0)),
    ),
    max_size=30,
)


@given(STEPS)
def test_no_line_of_others_is_lost_whatever_its_size_becomes(steps):
    terminal = Terminal()
    footer = footer_in(terminal)
    written: list[str] = []

    for step, count in steps:
        match step:
            case "show":
                footer.show([f"footer {number}" for number in range(count)])
            case "write":
                for _ in range(count):
                    written.append(f"line {len(written)}")
                    terminal.write(f"{written[-1]}\n")
            case _:
                footer.close()
    footer.close()

    assert terminal.lines() == written


def test_it_finds_the_bottom_again_when_the_terminal_changes_its_size():
    terminal = Terminal()
    footer = footer_in(terminal)
    footer.show(["one", "two"])
    terminal.write("a line\n")

    terminal.resize(30)
    footer.show(["one", "two"])

    assert terminal.screen()[-2:] == ["one", "two"]
    assert terminal.lines() == ["a line", "one", "two"]


def test_a_terminal_that_is_gone_is_no_reason_to_fail():
    def size():
        raise OSError

    assert Footer(Terminal(), size).size() == (0, 0)
