// diff_match.c: finds the nodes of one graph in another.
// May assume: nodes are sorted. Never looks into bodies of control flow: they are matched when their nodes are compared.
#include "dump/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- hashes -----------------------------------------------------------------------------------------------------------------

static uint64_t mix(uint64_t h, uint64_t x) {
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t hash_bytes(uint64_t h, const void *data, size_t n) {
    const uint8_t *p = data;
    uint64_t word;
    for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        h = mix(h, word);
    }
    word = n;
    for (size_t i = 0; i < n; i++) word = word << 8 | p[i];
    return mix(h, word);
}

static uint64_t hash_text(uint64_t h, const char *s) { return hash_bytes(h, s, strlen(s)); }

static uint64_t hash_datum(const onr_datum *d) {
    if (d->kind != ONR_TENSOR) return 5;
    uint64_t h = mix(7, (uint64_t)d->t.dtype);
    for (int32_t i = 0; i < d->t.shape.rank; i++) h = mix(h, (uint64_t)d->t.shape.dim[i]);
    if (d->t.dtype != ONR_STRING) return hash_bytes(h, d->t.data, onr_tensor_bytes(&d->t));
    const onr_string *s = d->t.data;
    for (int64_t i = 0; i < onr_tensor_numel(&d->t); i++) h = hash_bytes(h, s[i].s, s[i].n);
    return h;
}

static uint64_t hash_attr(const onr_attr *a) {
    uint64_t h = mix(hash_text(11, a->name), (uint64_t)a->kind);
    switch (a->kind) {
    case ONR_ATTR_FLOAT: return hash_bytes(h, &a->f, sizeof a->f);
    case ONR_ATTR_INT: return mix(h, (uint64_t)a->i);
    case ONR_ATTR_STRING: return hash_bytes(h, a->s.s, a->s.n);
    case ONR_ATTR_FLOATS: return hash_bytes(h, a->floats, a->n * sizeof *a->floats);
    case ONR_ATTR_INTS: return hash_bytes(h, a->ints, a->n * sizeof *a->ints);
    case ONR_ATTR_TENSOR:
    case ONR_ATTR_SPARSE_TENSOR: return mix(h, hash_datum(a->tensor));
    default: return mix(h, a->n);
    }
}

static uint64_t hash_op(const onr_node *n) { return hash_text(hash_text(13, n->domain), n->op_type); }

/// The node alone. Strict: with its attributes and constants; in any order of attributes.
static uint64_t hash_node(const onr_node *n, bool strict) {
    uint64_t h = hash_op(n), attrs = 0;
    for (int32_t i = 0; strict && i < n->n_attr; i++) attrs += hash_attr(&n->attr[i]);
    for (int32_t k = 0; strict && k < n->n_in; k++)
        if (n->in[k] && n->in[k]->constant) h = mix(h, mix((uint64_t)k, hash_datum(n->in[k]->constant)));
    return mix(h, attrs);
}

static uint64_t place_among(onr_value *const *list, int32_t n, const onr_value *v) {
    uint64_t h = 0;
    for (int32_t i = 0; i < n; i++)
        if (list[i] == v) h = mix(h + 17, (uint64_t)i);
    return h;
}

/// The node and all that leads to it.
static void hash_up(const onr_graph *g, bool strict, uint64_t *out) {
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        uint64_t h = hash_node(n, strict);
        for (int32_t k = 0; k < n->n_in; k++) {
            const onr_value *v = n->in[k];
            if (!v)
                h = mix(h, 19);
            else if (v->producer)
                h = mix(h, mix(out[v->producer->id], (uint64_t)v->slot));
            else if (v->constant)
                h = mix(h, 23);
            else
                h = v->outer ? hash_text(h, v->name) : mix(h, place_among(g->inputs, g->n_inputs, v) + 29);
        }
        out[i] = h;
    }
}

/// The node and all that it leads to.
static void hash_down(const onr_graph *g, bool strict, uint64_t *out) {
    for (int32_t i = g->n_nodes - 1; i >= 0; i--) {
        const onr_node *n = g->nodes[i];
        uint64_t h = hash_node(n, strict);
        for (int32_t k = 0; k < n->n_out; k++) {
            const onr_value *v = n->out[k];
            uint64_t uses = v && v->n_output ? place_among(g->outputs, g->n_outputs, v) : 0;
            for (int32_t u = 0; v && u < v->n_uses; u++)
                uses += mix(out[v->uses[u].node->id] + 31, (uint64_t)(v->uses[u].slot + 1));
            h = mix(h, uses);
        }
        out[i] = h;
    }
}

// ---- pairs ------------------------------------------------------------------------------------------------------------------

typedef struct keyed {
    uint64_t hash;
    int32_t id;
} keyed;

static int by_hash(const void *x, const void *y) {
    const keyed *a = x, *b = y;
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void pair(onr_pairing *p, const onr_node *a, const onr_node *b) {
    p->of_a[a->id] = b->id;
    p->of_b[b->id] = a->id;
}

static bool is_free(const int32_t *of, const onr_node *n) { return of[n->id] < 0; }

static size_t list_free(const onr_graph *g, const int32_t *of, const uint64_t *hash, keyed *out) {
    size_t n = 0;
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (is_free(of, g->nodes[i])) out[n++] = (keyed){hash[i], i};
    qsort(out, n, sizeof *out, by_hash);
    return n;
}

static size_t group_end(const keyed *list, size_t n, size_t i) {
    size_t end = i;
    while (end < n && list[end].hash == list[i].hash) end++;
    return end;
}

/// Equal nodes: those of one name first; then the only one that is left on each side, or with `in_order` all when there are as
/// many on both sides.
static void pair_group(onr_pairing *p, const keyed *a, size_t n_a, const keyed *b, size_t n_b, bool in_order) {
    size_t left = n_a;
    for (size_t i = 0; i < n_a; i++)
        for (size_t k = 0; k < n_b; k++) {
            const onr_node *x = p->a->nodes[a[i].id], *y = p->b->nodes[b[k].id];
            if (!is_free(p->of_b, y) || strcmp(x->name, y->name) != 0) continue;
            pair(p, x, y);
            left--;
            break;
        }
    if (n_a != n_b || !left || (left > 1 && !in_order)) return;
    for (size_t i = 0, k = 0; i < n_a; i++) {
        if (!is_free(p->of_a, p->a->nodes[a[i].id])) continue;
        while (!is_free(p->of_b, p->b->nodes[b[k].id])) k++;
        pair(p, p->a->nodes[a[i].id], p->b->nodes[b[k].id]);
    }
}

typedef struct room {
    uint64_t *up_a, *up_b, *down_a, *down_b;
    keyed *a, *b;
} room;

static void pair_equal(onr_pairing *p, const uint64_t *hash_a, const uint64_t *hash_b, const room *r, bool in_order) {
    keyed *a = r->a, *b = r->b;
    size_t n_a = list_free(p->a, p->of_a, hash_a, a), n_b = list_free(p->b, p->of_b, hash_b, b);
    for (size_t i = 0, k = 0; i < n_a && k < n_b;) {
        size_t i_end = group_end(a, n_a, i), k_end = group_end(b, n_b, k);
        if (a[i].hash == b[k].hash) pair_group(p, a + i, i_end - i, b + k, k_end - k, in_order);
        bool a_first = a[i].hash <= b[k].hash, b_first = b[k].hash <= a[i].hash;
        if (a_first) i = i_end;
        if (b_first) k = k_end;
    }
}

static bool same_op(const onr_node *a, const onr_node *b) { return hash_op(a) == hash_op(b); }

/// A name that the importer made of the place in the file says nothing in another file.
static bool is_made_up(const onr_node *n) {
    char name[256];
    snprintf(name, sizeof name, "%s_%d", n->op_type, (int)n->number);
    return strcmp(name, n->name) == 0;
}

static void pair_names(onr_pairing *p, const onr_map *names_b, bool any_op) {
    for (int32_t i = 0; i < p->a->n_nodes; i++) {
        const onr_node *a = p->a->nodes[i];
        const onr_map_entry *e = is_free(p->of_a, a) && !is_made_up(a) ? onr_map_get(names_b, a->name) : NULL;
        const onr_node *b = e ? p->b->nodes[e->v.num] : NULL;
        if (b && is_free(p->of_b, b) && (any_op || same_op(a, b))) pair(p, a, b);
    }
}

/// A free node of b that reads, where a does, what a's sources are paired with.
static const onr_node *from_above(const onr_pairing *p, const onr_node *a, bool any_op) {
    for (int32_t k = 0; k < a->n_in; k++) {
        const onr_node *source = a->in[k] ? a->in[k]->producer : NULL;
        if (!source || is_free(p->of_a, source)) continue;
        const onr_node *other = p->b->nodes[p->of_a[source->id]];
        const onr_value *v = a->in[k]->slot < other->n_out ? other->out[a->in[k]->slot] : NULL;
        for (int32_t u = 0; v && u < v->n_uses; u++) {
            const onr_node *b = v->uses[u].node;
            if (v->uses[u].slot == k && is_free(p->of_b, b) && (any_op || same_op(a, b))) return b;
        }
    }
    return NULL;
}

/// A free node of b that makes, where a does, what those read whom a's readers are paired with.
static const onr_node *from_below(const onr_pairing *p, const onr_node *a, bool any_op) {
    for (int32_t k = 0; k < a->n_out; k++) {
        const onr_value *v = a->out[k];
        for (int32_t u = 0; v && u < v->n_uses; u++) {
            const onr_use *use = &v->uses[u];
            if (use->slot < 0 || is_free(p->of_a, use->node)) continue;
            const onr_node *reader = p->b->nodes[p->of_a[use->node->id]];
            const onr_value *w = use->slot < reader->n_in ? reader->in[use->slot] : NULL;
            const onr_node *b = w ? w->producer : NULL;
            if (b && w->slot == k && is_free(p->of_b, b) && (any_op || same_op(a, b))) return b;
        }
    }
    return NULL;
}

/// A reader's slot has one source, a source has many readers: what is below comes first.
static bool pair_neighbours(onr_pairing *p) {
    bool found = false;
    for (int32_t i = p->a->n_nodes - 1; i >= 0; i--) {
        const onr_node *a = p->a->nodes[i], *b = is_free(p->of_a, a) ? from_below(p, a, false) : NULL;
        if (b) pair(p, a, b), found = true;
    }
    for (int32_t i = 0; i < p->a->n_nodes; i++) {
        const onr_node *a = p->a->nodes[i], *b = is_free(p->of_a, a) ? from_above(p, a, false) : NULL;
        if (b) pair(p, a, b), found = true;
    }
    return found;
}

static bool has_sources(const onr_node *n) {
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k] && n->in[k]->producer) return true;
    return false;
}

static bool has_readers(const onr_node *n) {
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && n->out[k]->n_uses) return true;
    return false;
}

/// Another operator in the same place: above and below say so, where there is something.
static void pair_places(onr_pairing *p) {
    for (int32_t i = 0; i < p->a->n_nodes; i++) {
        const onr_node *a = p->a->nodes[i];
        if (!is_free(p->of_a, a)) continue;
        const onr_node *above = from_above(p, a, true), *below = from_below(p, a, true), *b = above ? above : below;
        if (!b || (above && below && above != below)) continue;
        bool top = !has_sources(a) && !has_sources(b), bottom = !has_readers(a) && !has_readers(b);
        if ((above || top) && (below || bottom)) pair(p, a, b);
    }
}

static void pair_hashes(onr_pairing *p, bool strict, const room *r) {
    hash_up(p->a, strict, r->up_a);
    hash_up(p->b, strict, r->up_b);
    hash_down(p->a, strict, r->down_a);
    hash_down(p->b, strict, r->down_b);
    pair_equal(p, r->up_a, r->up_b, r, false);
    pair_equal(p, r->down_a, r->down_b, r, false);
}

/// Both at once tell equal branches apart by where they lead, so this comes before each alone.
static void pair_both(onr_pairing *p, bool strict, const room *r) {
    hash_up(p->a, strict, r->up_a);
    hash_up(p->b, strict, r->up_b);
    hash_down(p->a, strict, r->down_a);
    hash_down(p->b, strict, r->down_b);
    for (int32_t i = 0; i < p->a->n_nodes; i++) r->up_a[i] = mix(r->up_a[i], r->down_a[i]);
    for (int32_t i = 0; i < p->b->n_nodes; i++) r->up_b[i] = mix(r->up_b[i], r->down_b[i]);
    pair_equal(p, r->up_a, r->up_b, r, true);
}

static onr_status pair_all(onr_pairing *p, onr_arena *arena, onr_err *err) {
    size_t n_a = (size_t)p->a->n_nodes, n_b = (size_t)p->b->n_nodes;
    uint64_t *hashes = onr_arena_calloc(arena, 2 * (n_a + n_b), sizeof *hashes);
    keyed *a = onr_arena_calloc(arena, n_a, sizeof *a), *b = onr_arena_calloc(arena, n_b, sizeof *b);
    onr_map names;
    onr_map_init(&names, arena);
    if (!hashes || !a || !b) return onr_no_memory(err, 0);
    for (int32_t i = 0; i < p->b->n_nodes; i++) {
        onr_map_entry *e = onr_map_put(&names, p->b->nodes[i]->name, NULL);
        if (!e) return onr_no_memory(err, 0);
        e->v.num = i;
    }
    const room r = {hashes, hashes + n_a, hashes + n_a + n_b, hashes + 2 * n_a + n_b, a, b};
    for (int strict = 1; strict >= 0; strict--) {
        pair_both(p, strict, &r);
        pair_hashes(p, strict, &r);
    }
    pair_names(p, &names, false);
    while (pair_neighbours(p)) {}
    pair_names(p, &names, true);
    pair_places(p);
    while (pair_neighbours(p)) {}
    return ONR_OK;
}

onr_status onr_diff_match(const onr_graph *a, const onr_graph *b, onr_arena *arena, onr_pairing *out, onr_err *err) {
    *out = (onr_pairing){.a = a, .b = b};
    out->of_a = onr_arena_calloc(arena, (size_t)a->n_nodes, sizeof *out->of_a);
    out->of_b = onr_arena_calloc(arena, (size_t)b->n_nodes, sizeof *out->of_b);
    if (!out->of_a || !out->of_b) return onr_no_memory(err, 0);
    for (int32_t i = 0; i < a->n_nodes; i++) out->of_a[i] = -1;
    for (int32_t i = 0; i < b->n_nodes; i++) out->of_b[i] = -1;
    return pair_all(out, arena, err);
}
