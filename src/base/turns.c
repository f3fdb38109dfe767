// turns.c: one lock, one condition, and whose turn it is.
// May assume: two threads, each calling its own functions. Never lets both work, but for the end of the second one.
#include "base/turns.h"

#include "base/arena.h"

#include <pthread.h>

struct onr_turns {
    void (*fn)(onr_turns *t, void *user);
    void *user;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    bool goes; // the second one works
    bool ended, stop;
};

// The second thread waits for its turn; false: to end.
static bool wait_turn(onr_turns *t) {
    while (!t->goes && !t->stop) pthread_cond_wait(&t->turn, &t->lock);
    return !t->stop;
}

static void *work(void *arg) {
    onr_turns *t = arg;
    pthread_mutex_lock(&t->lock);
    bool wanted = wait_turn(t);
    pthread_mutex_unlock(&t->lock);
    if (wanted) t->fn(t, t->user);
    pthread_mutex_lock(&t->lock);
    t->ended = true;
    t->goes = false;
    pthread_cond_broadcast(&t->turn);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

onr_turns *onr_turns_new(void (*fn)(onr_turns *t, void *user), void *user) {
    onr_turns *t = onr_malloc(sizeof *t);
    if (!t) return NULL;
    *t = (onr_turns){.fn = fn, .user = user};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->turn, NULL);
    if (pthread_create(&t->thread, NULL, work, t) == 0) return t;
    pthread_cond_destroy(&t->turn);
    pthread_mutex_destroy(&t->lock);
    onr_free(t);
    return NULL;
}

void onr_turns_go(onr_turns *t) {
    pthread_mutex_lock(&t->lock);
    t->goes = !t->ended;
    pthread_cond_broadcast(&t->turn);
    while (t->goes) pthread_cond_wait(&t->turn, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

bool onr_turns_ended(const onr_turns *t) { return t->ended; } // written before the turn came back

bool onr_turns_stand(onr_turns *t) {
    pthread_mutex_lock(&t->lock);
    t->goes = false;
    pthread_cond_broadcast(&t->turn);
    bool go_on = wait_turn(t);
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

void onr_turns_free(onr_turns *t) {
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->turn);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->turn);
    pthread_mutex_destroy(&t->lock);
    onr_free(t);
}
