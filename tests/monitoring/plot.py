# SPDX-License-Identifier: MIT
"""Lines over time, one panel above the other, as SVG; nothing but that."""

import html
import math

WIDTH, LEFT, RIGHT, TOP, HEIGHT, GAP = 860, 64, 150, 84, 130, 44
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"]  # Okabe and Ito


def nice(most):
    """A round number that is not less, and the step between its lines."""
    step = 10 ** math.floor(math.log10(most or 1))
    step = next(step * k for k in (0.25, 0.5, 1, 2) if most <= step * k * 5)
    return step * math.ceil(most / step), step


class Plot:
    """seconds: how long it is. marks: [(at, text)], lines through all panels."""

    def __init__(self, title, subtitle, seconds, marks):
        self.title, self.subtitle, self.seconds, self.marks = title, subtitle, seconds, marks
        self.panels = []

    def panel(self, title, lines, unit="", bands=(), least=0):
        """lines: {name: [(at, value)]}; bands: [(from, to, text)], shaded. least: how high it is at least."""
        self.panels.append((title, lines, unit, bands, least))

    def x(self, at):
        return LEFT + (WIDTH - LEFT - RIGHT) * at / self.seconds

    def svg(self):
        height = TOP + len(self.panels) * (HEIGHT + GAP) + 22
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
               f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12" fill="#222">',
               f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
               self.text(LEFT, 22, self.title, 'font-size="16" font-weight="bold"'),
               self.text(LEFT, 40, self.subtitle, 'fill="#555"')]
        for number, panel in enumerate(self.panels):
            out += self.draw(TOP + number * (HEIGHT + GAP) + 18, *panel)
        bottom = TOP + len(self.panels) * (HEIGHT + GAP) - GAP + 18
        for number, (at, text) in enumerate(self.marks):
            x = self.x(at)
            out += [f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 14}" y2="{bottom}" '
                    'stroke="#555" stroke-dasharray="3 3"/>',
                    self.text(x + 3, TOP - 20 + 12 * (number % 2) - 6, text, 'font-weight="bold"')]
        step = 30 if self.seconds > 90 else 10
        for at in range(0, int(self.seconds) + 1, step):
            out.append(self.text(self.x(at), bottom + 16, f"{at} s", 'text-anchor="middle" fill="#555"'))
        return "\n".join([*out, "</svg>"]) + "\n"

    @staticmethod
    def text(x, y, words, how=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" {how}>{html.escape(words, quote=False)}</text>'

    def draw(self, top, title, lines, unit, bands, least):
        most, step = nice(max([least] + [value for points in lines.values() for _, value in points]))
        right = WIDTH - RIGHT

        def y(value):
            return top + HEIGHT * (1 - value / most)
        out = [self.text(LEFT, top - 6, title, 'font-weight="bold" fill="#222"')]
        for start, end, words in bands:
            left, width = self.x(start), self.x(end) - self.x(start)
            out += [f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}" '
                    'fill="#d55e00" fill-opacity="0.12"/>',
                    self.text(left + width / 2, top + 14, words, 'text-anchor="middle" fill="#a33c00"')]
        for k in range(round(most / step) + 1):
            out += [f'<line x1="{LEFT}" x2="{right}" y1="{y(k * step):.1f}" y2="{y(k * step):.1f}" stroke="#ddd"/>',
                    self.text(LEFT - 6, y(k * step) + 4, f"{k * step:g}{unit}", 'text-anchor="end" fill="#555"')]
        ends = []
        for (name, points), colour in zip(lines.items(), COLOURS):
            path = " ".join(f"{self.x(at):.1f},{y(value):.1f}" for at, value in points)
            out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
            ends.append((y(points[-1][1]) if points else top, name, colour))
        below = -math.inf  # names that would lie on each other go down
        for at, name, colour in sorted(ends):
            below = max(at + 4, below + 14)
            out.append(self.text(right + 8, below, name, f'fill="{colour}" font-weight="bold"'))
        return out
