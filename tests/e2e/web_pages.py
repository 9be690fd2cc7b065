"""Steps that several tests take on the page in a browser."""


def log_in(b, login, password):
    """By keyboard alone."""
    b.visit("/login")
    b.tab_to("User name")
    b.keys(login)
    b.tab_to("Password")
    b.keys(password)
    return b.leave(lambda: b.keys("\ue007"))
