/* Help, accessibility and privacy: what does not change, for everybody, logged in or not. They ask
 * the database nothing, so they also answer while it is away. */
#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"

static void help_calls(struct html *h)
{
    put(h, "<h2>Your calls</h2>\n"
           "<p>Open <a href=\"/calls\">Calls</a>. The list begins with the calls somebody was "
           "promised, then those that must be made first.</p>\n"
           "<ol>\n"
           "<li>Take a case, so that no colleague calls the same person.</li>\n"
           "<li>Check who answers: date of birth, or the end of the staff number.</li>\n"
           "<li>Save what happened. <strong>Save and next call</strong> opens the next person on "
           "your list.</li>\n"
           "</ol>\n"
           "<p>You have until midnight of the day that is shown as <strong>must call by</strong>. "
           "The day does not move when HR corrects the reason.</p>\n");
}

static void help_tags(struct html *h)
{
    static const char *const tags[][2] = {
        {"PROMISED", "They asked to be called at that time."},
        {"OVERDUE", "The day to call by has passed, and nobody has spoken to them."},
        {"REPORTED LATE", "HR reported the absence when the day to call by had passed."},
        {"REASON ADDED LATE", "HR reported the absence in time, but the reason later."},
        {"RECURRENCE", "They were off with the same kind of problem in the last 8 weeks."},
        {"RED FLAG", "A colleague advised urgent care or raised a concern."},
        {"NOT REACHED 3 TIMES", "Three calls on two days had no answer. Send a letter or a text."},
        {"REASON CHANGED", "HR changed the reason after somebody spoke to them."},
        {"HR CHANGED THIS", "HR changed the case since you last opened it."},
    };
    put(h, "<h2>What the words on the list mean</h2>\n");
    part_summary_begin(h);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        part_summary_row(h, tags[i][0], tags[i][1]);
    }
    part_summary_end(h);
}

static void help_rest(struct html *h)
{
    put(h, "<h2>If something is wrong</h2>\n"
           "<ul>\n"
           "<li>You saved something about the wrong person: open the case and select "
           "<strong>Undo</strong> beside the entry. You can undo your own entries for 7 days. "
           "Your lead can undo all of them.</li>\n"
           "<li>The number is wrong: save <strong>Number is wrong or not in use</strong>. HR "
           "corrects the number at the source.</li>\n"
           "<li>Somebody does not want calls: open the case and select <strong>They do not want "
           "calls</strong>.</li>\n"
           "<li>Somebody needs urgent care: follow your local procedure first, then save it. Your "
           "lead sees it at once.</li>\n"
           "<li>The list says that HR data is old: new absences may be missing. Call the data "
           "team.</li>\n"
           "</ul>\n"
           "<h2>Your password</h2>\n"
           "<p><a href=\"/password\">Change your password</a> at any time.</p>\n"
           "<h2>What HR and managers learn</h2>\n"
           "<p>HR gets the same reminders for every absence: a fit note is due, a return is near, "
           "a return-to-work interview is due. HR never learns that there is a case, that "
           "somebody called, or what was said.</p>\n"
           "<h2>Keyboard</h2>\n"
           "<p>The Tab key goes from field to field, the arrow keys choose between options, and "
           "Enter saves. Everything works without a mouse.</p>\n"
           "<p>In a date, the day alone is enough: 11 is the next 11th. What you saved names the "
           "day.</p>\n");
}

void screen_help(struct req *q)
{
    const struct page page = {.title = "Help", .section = SECTION_HELP};
    struct html *h = page_begin(q, &page);
    help_calls(h);
    help_tags(h);
    help_rest(h);
    page_end(q, 200);
}

void screen_accessibility(struct req *q)
{
    const struct page page = {.title = "Accessibility"};
    struct html *h = page_begin(q, &page);
    put(h, "<p>We want everybody to be able to use this service. You can:</p>\n"
           "<ul>\n"
           "<li>do everything with the keyboard alone</li>\n"
           "<li>enlarge the page to 400 %% without scrolling sideways</li>\n"
           "<li>use a screen reader, or voice control</li>\n"
           "<li>change colours and spacing in your browser</li>\n"
           "<li>switch scripts off in your browser</li>\n"
           "</ul>\n"
           "<h2>How accessible this service is</h2>\n"
           "<p>It was built to meet the Web Content Accessibility Guidelines 2.2 at level AA. "
           "Every screen is tested by a program with each version. We know of no screen that "
           "fails.</p>\n"
           "<p>A page closes after a time without use, because it shows personal data. A page "
           "with a form says when it closes.</p>\n"
           "<h2>If you find a problem</h2>\n"
           "<p>Write to your lead. They pass it on to those who run the service.</p>\n");
    page_end(q, 200);
}

void screen_privacy(struct req *q)
{
    const struct page page = {.title = "Privacy"};
    struct html *h = page_begin(q, &page);
    put(h, "<h2>About the people you call</h2>\n"
           "<p>HR sends who is off sick, since when, the reason as HR recorded it, and how to "
           "reach them. You see the people of your organisation and your team only.</p>\n"
           "<p>Clinical notes do not belong here. They belong in the occupational health "
           "record.</p>\n"
           "<h2>About you</h2>\n"
           "<p>The service records what you look at, search for, print and save, with your name "
           "and the time. Your lead sees who looked at a case. An auditor can see all of it.</p>\n"
           "<h2>On your computer</h2>\n"
           "<p>One cookie keeps you logged in. It holds a random number and nothing else. It ends "
           "when you close the browser or log out. Your browser keeps no copy of these "
           "pages.</p>\n"
           "<p>No page loads anything from another company.</p>\n");
    page_end(q, 200);
}
