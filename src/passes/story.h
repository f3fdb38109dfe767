// story.h: what the passes did and what they nearly did, told for people (--explain-opt).
// May assume: one thread. Never changes what the passes do.
#ifndef ONR_PASSES_STORY_H
#define ONR_PASSES_STORY_H

#include "graph/graph.h"

typedef struct onr_story_event {
    const char *pass;
    int64_t number; ///< of the rewrite in its pass, as --stop-after PASS:N counts; 0: it was not made
    const char *node, *op;
    const char *text; ///< what became of the node, or why it stayed
} onr_story_event;

typedef struct onr_story {
    onr_arena *arena; ///< of the copies
    onr_story_event *of;
    size_t n, cap;
    bool failed; ///< an event was lost for lack of memory: the owner reports it once at the end
} onr_story;

void onr_story_init(onr_story *s, onr_arena *arena);
/// Adds a copy; number 0 is a near miss.
void onr_story_add(onr_story *s, const char *pass, int64_t number, const onr_node *n, const char *text);

#endif
