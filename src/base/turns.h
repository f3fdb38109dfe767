// turns.h: two threads that take turns: a second one that works only while the first one waits for it.
#ifndef ONR_BASE_TURNS_H
#define ONR_BASE_TURNS_H

#include <stdbool.h>

typedef struct onr_turns onr_turns;

/// Makes the second thread, which stands still before fn. NULL: no memory or no thread.
onr_turns *onr_turns_new(void (*fn)(onr_turns *t, void *user), void *user);
/// First thread: lets the second one work until it stands still or its fn has returned. Does nothing when it has ended.
void onr_turns_go(onr_turns *t);
/// First thread: has fn returned? It is not called at all when onr_turns_free comes before the first onr_turns_go.
bool onr_turns_ended(const onr_turns *t);
/// Second thread: stands still until the first one lets it go on. False: it shall come to its end without standing again.
bool onr_turns_stand(onr_turns *t);
/// First thread: lets the second one come to its end. NULL is allowed.
void onr_turns_free(onr_turns *t);

#endif
