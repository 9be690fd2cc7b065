"""Plain SVG drawings of a run: readable in print and by a screen reader, with no meaning in colour alone."""
import html

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 50, 60


def short(value):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return "%.3g %s" % (value / size, unit)
    return "%.3g" % value


def text(x, y, words, anchor="middle", size=13):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d">%s</text>' % (x, y, anchor, size,
                                                                                html.escape(words))


def page(title, description, parts):
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="t d" '
            'font-family="sans-serif"><title id="t">%s</title><desc id="d">%s</desc>'
            '<rect width="100%%" height="100%%" fill="white"/>%s%s</svg>\n'
            % (WIDTH, HEIGHT, html.escape(title), html.escape(description), text(WIDTH / 2, 26, title, size=16),
               "".join(parts)))


def line(title, description, x_label, y_label, points):
    """points: (x, y), y drawn from nothing up."""
    most_x, most_y = max(x for x, _ in points), max(y for _, y in points) * 1.15

    def at(x, y):
        return (LEFT + x / most_x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / most_y * (HEIGHT - TOP - BOTTOM))
    parts = []
    for i in range(5):
        _, y = at(0, most_y * i / 4)
        parts.append('<path d="M%d %.1fH%d" stroke="#bbb"/>' % (LEFT, y, WIDTH - RIGHT))
        parts.append(text(LEFT - 8, y + 4, short(most_y * i / 4), "end"))
        x, _ = at(most_x * i / 4, 0)
        parts.append(text(x, HEIGHT - BOTTOM + 18, short(most_x * i / 4)))
    path = " ".join("%.1f,%.1f" % at(x, y) for x, y in points)
    parts.append('<polyline points="%s" fill="none" stroke="black" stroke-width="2"/>' % path)
    parts.append(text(WIDTH / 2, HEIGHT - 14, x_label))
    parts.append('<g transform="translate(18,%d) rotate(-90)">%s</g>' % ((TOP + HEIGHT - BOTTOM) / 2, text(0, 0, y_label)))
    return page(title, description, parts)


def bars(title, description, unit, rows):
    """rows: (name, value), each bar with its figure beside it."""
    most = max(value for _, value in rows)
    step = (HEIGHT - TOP - 20) / len(rows)
    name_width = 290
    parts = []
    for i, (name, value) in enumerate(rows):
        y = TOP + i * step
        width = value / most * (WIDTH - name_width - 130)
        parts.append(text(name_width - 8, y + step * 0.6, name, "end"))
        parts.append('<rect x="%d" y="%.1f" width="%.1f" height="%.1f" fill="#555"/>'
                     % (name_width, y + step * 0.2, width, step * 0.55))
        parts.append(text(name_width + width + 8, y + step * 0.6, "%s %s" % (short(value), unit), "start"))
    return page(title, description, parts)
