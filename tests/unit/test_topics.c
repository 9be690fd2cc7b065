#include <criterion/criterion.h>
#include <string.h>

#include "services/followup/kafka/topics.h"
#include "tests/unit/leakcheck.h"

static struct topics *t;
static struct arena *a;
static struct topic_news news;
static char name[TOPIC_TEXT];

static void set_up(void)
{
    t = topics_new();
    a = arena_new(4096);
}

static void tear_down(void)
{
    topics_free(t);
    arena_free(a);
    leakcheck();
}

TestSuite(topics, .init = set_up, .fini = tear_down);

static size_t waiting(const char *first)
{
    const char **who = NULL;
    size_t n = topics_waiting(t, a, &who);
    if (first != NULL) {
        cr_assert_str_eq(who[0], first);
    }
    return n;
}

Test(topics, without_any_knowledge_all_are_there)
{
    const char **who = NULL;
    cr_assert(topics_ask(NULL, "a", "RW3") == TOPIC_THERE);
    cr_assert_eq(topics_waiting(NULL, a, &who), 0);
}

Test(topics, what_is_listed_is_there_and_no_news)
{
    topics_found(t, "b", true);
    topics_found(t, "a", true);
    topics_found(t, "c", true);
    cr_assert_eq(topics_ask(t, "a", "RW3"), TOPIC_THERE);
    cr_assert_eq(topics_ask(t, "b", "RW3"), TOPIC_THERE);
    cr_assert_eq(topics_ask(t, "c", "RX1"), TOPIC_THERE);
    cr_assert_eq(waiting(NULL), 0);
    cr_assert_not(topics_want(t, 0));
    cr_assert_not(topics_news(t, &news));
}

Test(topics, who_asks_for_one_that_is_not_known_waits_until_it_is_there)
{
    cr_assert_eq(topics_ask(t, "a", "RW3"), TOPIC_UNKNOWN);
    cr_assert_eq(topics_ask(t, "a", "RX1"), TOPIC_UNKNOWN);
    cr_assert_eq(topics_ask(t, "b", "RX1"), TOPIC_UNKNOWN);
    cr_assert_eq(topics_ask(t, "a", "RW3"), TOPIC_UNKNOWN);
    cr_assert_eq(waiting("RW3"), 2);
    topics_found(t, "a", true);
    cr_assert_eq(topics_ask(t, "a", "RW3"), TOPIC_THERE);
    cr_assert_eq(waiting("RX1"), 1);
    cr_assert(topics_news(t, &news));
    cr_assert(news.there);
    cr_assert_str_eq(news.name, "a");
    cr_assert_not(topics_news(t, &news));
}

Test(topics, one_that_is_missing_is_told_of_once_and_again_when_it_is_there)
{
    cr_assert_eq(topics_ask(t, "a", "RW3"), TOPIC_UNKNOWN);
    topics_found(t, "a", false);
    topics_found(t, "a", false);
    cr_assert(topics_news(t, &news));
    cr_assert_not(news.there);
    cr_assert_not(topics_news(t, &news));
    topics_found(t, "a", false);
    cr_assert_not(topics_news(t, &news));
    cr_assert_eq(waiting("RW3"), 1);
    topics_found(t, "a", true);
    cr_assert(topics_news(t, &news));
    cr_assert(news.there);
    cr_assert_eq(waiting(NULL), 0);
    topics_found(t, "a", false); /* deleted */
    cr_assert(topics_news(t, &news));
    cr_assert_not(news.there);
    cr_assert_eq(topics_ask(t, "a", "RW3"), TOPIC_MISSING);
}

Test(topics, one_that_is_not_there_is_looked_for_every_two_seconds)
{
    cr_assert_eq(topics_ask(t, "a", "RW3"), TOPIC_UNKNOWN);
    cr_assert(topics_want(t, 1000) && topics_wanted(t, 1000, name));
    cr_assert_str_eq(name, "a");
    cr_assert_not(topics_want(t, 2999));
    topics_found(t, "a", false);
    cr_assert_not(topics_wanted(t, 2999, name));
    cr_assert(topics_wanted(t, 3000, name));
    topics_found(t, "a", true);
    cr_assert_not(topics_want(t, 9000));
}

Test(topics, a_name_that_no_broker_takes_is_missing_and_never_looked_for)
{
    char name_of_300[301];
    memset(name_of_300, 'x', 300);
    name_of_300[300] = '\0';
    cr_assert_eq(topics_ask(t, name_of_300, "RW3"), TOPIC_MISSING);
    cr_assert_not(topics_want(t, 5000));
    cr_assert(topics_news(t, &news));
    cr_assert_not(news.there);
    cr_assert_eq(strlen(news.name), TOPIC_TEXT - 1);
}
