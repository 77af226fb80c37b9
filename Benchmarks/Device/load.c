// What comes next on each side: flows in random order, handshakes, short connections, new 5-tuples,
// arrivals by the clock. Called by traffic.c on poll threads; a side's queue belongs to one of them.
#include "emission.h"

#include <rte_cycles.h>
#include <rte_memcpy.h>

#include <stdlib.h>
#include <sys/mman.h>

static void *pages(size_t bytes) {
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

bool load_initialise(struct pair *pair, struct traffic_shared *shared) {
    rte_spinlock_init(&pair->lock);
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t number = 0; number < traffic_queues_max; number++) {
            struct side_queue *queue = &pair->queues[side][number];
            queue->ring = malloc(ring_max);
            queue->guest_receive = pages(guest_slots * guest_slot_bytes);
            pair->sinks[side][number].guest = pages(guest_slots * guest_slot_bytes);
            if (queue->ring == NULL || queue->guest_receive == NULL ||
                pair->sinks[side][number].guest == NULL)
                return false;
        }
    pair->shared = shared;
    return true;
}

// Configuration

static void allocate_connections(struct pair *pair) {
    const struct traffic_config *config = &pair->plan.config;
    if (config->keep)
        return;
    if (pair->connections != NULL)
        munmap(pair->connections, pair->connections_bytes);
    if (pair->translations != NULL)
        munmap(pair->translations, pair->translations_bytes);
    pair->connections = NULL;
    pair->translations = NULL;
    if (config->learn) {
        pair->translations_bytes = (config->flows + 1) * sizeof(struct translation);
        pair->translations = pages(pair->translations_bytes);
    }
    if (config->kind != kind_tcp)
        return;
    pair->connections_bytes = (config->flows + 1) * sizeof(struct tcp_state);
    pair->connections = pages(pair->connections_bytes);
    for (uint32_t i = 0; pair->connections != NULL && i < config->flows; i++)
        pair->connections[i] =
            (struct tcp_state){{scramble(i), scramble(i + (1ull << 40))}};
}

static void allocate_shorts(struct pair *pair, uint32_t number) {
    const struct traffic_config *config = &pair->plan.config;
    for (uint32_t side = 0; side < 2; side++) {
        struct waiting *waiting = &pair->queues[side][number].waiting;
        free(waiting->slots);
        *waiting = (struct waiting){malloc(sizeof(uint32_t) * (config->inflight + 1)), 0};
    }
    free(pair->shorts[number]);
    pair->shorts[number] = calloc(config->inflight + 1, sizeof(struct short_connection));
    struct side_queue *client = &pair->queues[0][number];
    client->next_tuple = config->first_tuple;
    for (uint32_t slot = 0; slot < config->inflight; slot++) {
        pair->shorts[number][slot].index = client->next_tuple++;
        client->waiting.slots[client->waiting.count++] = slot;
    }
}

static void prepare_queue(struct pair *pair, uint32_t side, uint32_t number) {
    struct side_queue *queue = &pair->queues[side][number];
    const struct traffic_config *config = &pair->plan.config;
    uint32_t queues = config->queues != 0 ? config->queues : 1;
    queue->flows = number < queues ? (config->flows + queues - 1 - number) / queues : 0;
    queue->order = (struct order){.state = side * 7919 + number * 104729 + 17, .shift = 1};
    uint32_t bits = 1;
    while ((1ull << bits) < queue->flows)
        bits++;
    queue->order.mask = (1ull << bits) - 1;
    queue->order.shift = bits / 2 + 1;
    queue->random = 0x9e3779b97f4a7c15u * (side * 16 + number + 1);
    queue->ring_first = queue->ring_count = 0;
    queue->attacks = 0;
    queue->pass = 0;
    queue->begun = queue->answered = 0;
    queue->next_tuple = config->first_tuple;
    uint64_t hertz = rte_get_tsc_hz();
    queue->interval[class_load] = config->rate != 0 ? hertz * queues / config->rate : 0;
    queue->interval[class_attack] =
        side == 0 && config->attack_rate != 0 ? hertz * queues / config->attack_rate : 0;
    queue->epoch = pair->shared->config.epoch - 1;
}

// Takes a changed configuration: once for the pair, then for this queue.
static __rte_noinline void take_configuration(struct pair *pair, uint32_t side, uint32_t number) {
    uint32_t generation = pair->shared->config.generation;
    rte_spinlock_lock(&pair->lock);
    if (pair->generation != generation) {
        frames_prepare(&pair->plan, &pair->shared->config);
        allocate_connections(pair);
        if (pair->plan.config.kind == kind_short)
            for (uint32_t queue = 0; queue < pair->plan.config.queues; queue++)
                allocate_shorts(pair, queue);
        pair->generation = generation;
    }
    prepare_queue(pair, side, number);
    pair->queues[side][number].generation = generation;
    pair->shared->counters[side][number].generation = generation;
    pair->shared->counters[side][number].hertz = rte_get_tsc_hz();
    rte_spinlock_unlock(&pair->lock);
}

// Order and arrivals

static inline uint64_t random_next(struct side_queue *queue) {
    queue->random ^= queue->random << 13;
    queue->random ^= queue->random >> 7;
    queue->random ^= queue->random << 17;
    return queue->random;
}

// Fills `indices` with the next `count` flows of the queue, each flow once in a period.
static inline void order_next(
    struct order *order, uint32_t flows, uint32_t *indices, uint32_t count) {
    uint64_t state = order->state;
    uint32_t found = 0;
    uint32_t scratch[burst_max + 1];
    while (found < count) {
        state = (state * 6364136223846793005u + 1442695040888963407u) & order->mask;
        uint64_t index = state ^ state >> order->shift;
        scratch[found] = (uint32_t)index;
        found += index < flows;
    }
    order->state = state;
    memcpy(indices, scratch, count * sizeof indices[0]);
}

// Puts what has arrived since the last poll into the ring, and drops what finds it full.
static void arrive(
    struct side_queue *queue, uint32_t depth, uint64_t now, struct traffic_counters *counters) {
    for (;;) {
        uint32_t class = class_load;
        if (queue->interval[class_attack] != 0 &&
            (queue->interval[class_load] == 0 ||
             queue->next_arrival[class_attack] < queue->next_arrival[class_load]))
            class = class_attack;
        if (queue->interval[class] == 0 || queue->next_arrival[class] > now)
            return;
        if (queue->ring_count == depth) {
            // Nothing is taken before now: all that still came is lost.
            for (class = 0; class < class_count; class++) {
                if (queue->interval[class] == 0 || queue->next_arrival[class] > now)
                    continue;
                uint64_t lost =
                    (now - queue->next_arrival[class]) / queue->interval[class] + 1;
                counters->offered[class] += lost;
                counters->ring_drops[class] += lost;
                queue->next_arrival[class] += lost * queue->interval[class];
            }
            return;
        }
        counters->offered[class]++;
        queue->next_arrival[class] += queue->interval[class];
        queue->ring[(queue->ring_first + queue->ring_count) % ring_max] = (uint8_t)class;
        queue->ring_count++;
    }
}

// The next packet of a short connection.
static void emit_short(struct emission *to, struct rte_mbuf *packet) {
    const struct frame_plan *plan = &to->pair->plan;
    struct waiting *waiting = &to->queue->waiting;
    uint32_t place = (uint32_t)random_next(to->queue) % waiting->count;
    uint32_t slot = waiting->slots[place];
    struct short_connection *connection = &to->pair->shorts[to->number][slot];
    uint32_t bytes = plan->config.size != 0 ? plan->config.size : 570;
    bytes = bytes < plan->head_bytes + 8 ? plan->head_bytes + 8 : bytes;
    uint32_t client = scramble(connection->index), data = bytes - plan->head_bytes;
    uint32_t server = scramble(connection->index + (1ull << 40));
    static const uint8_t next_side[8] = {1, 0, 0, 1, 0, 1, 0, 0};
    uint32_t step = connection->step;
    uint64_t index = connection->index;
    // SYN, SYN-ACK, ACK, data, data, FIN, FIN, ACK.
    const uint8_t flags[8] = {
        tcp_syn, tcp_syn | tcp_ack, tcp_ack, tcp_ack | tcp_psh,
        tcp_ack | tcp_psh, tcp_ack | tcp_fin, tcp_ack | tcp_fin, tcp_ack};
    const uint32_t from_client[8] = {
        client, 0, client + 1, client + 1, 0, client + 1 + data, 0, client + 2 + data};
    const uint32_t from_server[8] = {
        0, server, server + 1, server + 1, server + 1, server + 1 + data, server + 1 + data,
        server + 2 + data};
    const uint32_t seen_client[8] = {
        0, client + 1, 0, 0, client + 1 + data, 0, client + 2 + data, 0};
    if (to->side == 0) {
        struct tcp_fields tcp = {from_client[step], from_server[step], flags[step]};
        if (step == 3)
            emit(to, packet, bytes, index, class_load, tuple_of(plan, index), tcp);
        else
            emit_control(to, packet, index, tcp.sequence, tcp.acknowledgement, tcp.flags);
    } else {
        struct tcp_fields tcp = {from_server[step], seen_client[step], flags[step]};
        if (step == 4)
            emit(to, packet, bytes, index, class_load, tuple_of(plan, index), tcp);
        else
            emit_control(to, packet, index, tcp.sequence, tcp.acknowledgement, tcp.flags);
    }
    if (step == 7) {
        to->counters->completed++;
        connection->index = to->queue->next_tuple++;
    }
    connection->step = (step + 1) % 8;
    waiting->slots[place] = waiting->slots[--waiting->count];
    struct waiting *next = &to->pair->queues[next_side[step]][to->number].waiting;
    next->slots[next->count++] = slot;
}

// The load at its next packets

static inline uint64_t next_new(struct emission *to) {
    uint32_t queues = to->pair->plan.config.queues;
    return to->queue->next_tuple++ * queues + to->number;
}

// The server answers to one new connection of `reply_every`, soon after it began, which tells whether
// the switch tracks it.
enum { reply_every = 16, reply_lag = 64 };

static uint32_t replies_due(struct emission *to) {
    uint64_t begun = to->pair->queues[0][to->number].next_tuple;
    uint64_t answered = to->queue->next_tuple + reply_lag;
    return begun < answered ? 0 : (uint32_t)RTE_MIN((begun - answered) / reply_every + 1, 32u);
}

static inline uint64_t next_reply(struct emission *to) {
    uint64_t index = to->queue->next_tuple;
    to->queue->next_tuple += reply_every;
    return index * to->pair->plan.config.queues + to->number;
}

static inline void emit_any(struct emission *to, struct rte_mbuf *packet) {
    if (to->pair->plan.config.kind == kind_new) {
        emit_flow(to, packet, next_new(to));
        return;
    }
    uint32_t index;
    order_next(&to->queue->order, to->queue->flows, &index, 1);
    emit_flow(to, packet, (uint64_t)index * to->pair->plan.config.queues + to->number);
}

static void emit_attack(struct emission *to, struct rte_mbuf *packet) {
    uint64_t number = to->queue->attacks++;
    emit(
        to, packet, frame_bytes_min, number, class_attack,
        attack_tuple(&to->pair->plan, number, random_next(to->queue)), (struct tcp_fields){0});
}

// As fast as they are taken.
static uint16_t load_unlimited(
    struct emission *to, struct rte_mempool *pool, struct rte_mbuf **packets, uint16_t count) {
    const struct traffic_config *config = &to->pair->plan.config;
    uint32_t limit = burst_max;
    if (config->kind == kind_short)
        limit = to->queue->waiting.count;
    else if (config->kind == kind_new && to->side == 1)
        limit = replies_due(to);
    if (to->queue->flows == 0 && config->kind <= kind_tcp)
        return 0;
    count = count > limit ? (uint16_t)limit : count;
    if (count == 0)
        return 0;
    if (rte_pktmbuf_alloc_bulk(pool, packets, count) != 0) {
        to->counters->no_buffer += count;
        return 0;
    }
    if (config->kind == kind_short) {
        for (uint16_t i = 0; i < count; i++)
            emit_short(to, packets[i]);
    } else if (config->kind == kind_new) {
        for (uint16_t i = 0; i < count; i++)
            emit_flow(to, packets[i], to->side == 0 ? next_new(to) : next_reply(to));
    } else {
        uint32_t indices[burst_max];
        order_next(&to->queue->order, to->queue->flows, indices, count);
        if (to->pair->plan.tcp)
            for (uint16_t i = 0; i < count; i++)
                rte_prefetch0(&to->pair->connections[
                    (uint64_t)indices[i] * config->queues + to->number]);
        for (uint16_t i = 0; i < count; i++)
            emit_flow(to, packets[i], (uint64_t)indices[i] * config->queues + to->number);
    }
    to->counters->offered[class_load] += count;
    to->counters->received[class_load] += count;
    return count;
}

// From the ring.
static uint16_t load_by_clock(
    struct emission *to, struct rte_mempool *pool, struct rte_mbuf **packets, uint16_t count,
    uint64_t now) {
    struct side_queue *queue = to->queue;
    uint32_t depth = to->pair->plan.config.ring;
    arrive(queue, depth == 0 || depth > ring_max ? ring_max : depth, now, to->counters);
    count = count > queue->ring_count ? (uint16_t)queue->ring_count : count;
    if (count == 0)
        return 0;
    if (rte_pktmbuf_alloc_bulk(pool, packets, count) != 0) {
        to->counters->no_buffer += count;
        return 0;
    }
    for (uint16_t i = 0; i < count; i++) {
        uint32_t class = queue->ring[queue->ring_first];
        queue->ring_first = (queue->ring_first + 1) % ring_max;
        queue->ring_count--;
        to->counters->received[class]++;
        if (class == class_attack)
            emit_attack(to, packets[i]);
        else
            emit_any(to, packets[i]);
    }
    return count;
}

// Entry points

uint16_t load_receive(
    struct pair *pair, uint32_t side, uint32_t number, uint16_t port, struct rte_mempool *pool,
    struct rte_mbuf **packets, uint16_t count) {
    struct traffic_shared *shared = pair->shared;
    struct side_queue *queue = &pair->queues[side][number];
    struct traffic_counters *counters = &shared->counters[side][number];
    uint64_t now = rte_rdtsc();
    counters->tsc = now;
    counters->polls++;
    if (unlikely(queue->generation != *(volatile uint32_t *)&shared->config.generation))
        take_configuration(pair, side, number);
    uint32_t epoch = *(volatile uint32_t *)&shared->config.epoch;
    if (unlikely(queue->epoch != epoch)) {
        queue->epoch = epoch;
        queue->next_arrival[class_load] = queue->next_arrival[class_attack] = now;
    }
    uint32_t run = *(volatile uint32_t *)&shared->config.run;
    count = count > burst_max ? burst_max : count;
    if (run == run_idle || (pair->plan.config.sides >> side & 1) == 0)
        return 0;
    struct emission to = {pair, queue, counters, side, number, port};
    if (run != run_load)
        return load_pass(&to, pool, packets, count, run, now);
    if (queue->interval[class_load] != 0 || queue->interval[class_attack] != 0)
        return load_by_clock(&to, pool, packets, count, now);
    return load_unlimited(&to, pool, packets, count);
}

uint16_t load_transmit(
    struct pair *pair, uint32_t side, uint32_t number, struct rte_mbuf **packets,
    uint16_t count) {
    struct traffic_counters *counters = &pair->shared->counters[side][number];
    struct side_sink *sink = &pair->sinks[side][number];
    bool copies = pair->plan.config.copy != 0;
    if (unlikely(pair->translations != NULL && side == 1 && pair->shared->config.run == run_begin))
        for (uint16_t i = 0; i < count; i++)
            learn_translation(pair, packets[i]);
    uint64_t bytes = 0, sent[class_count] = {0}, back = 0, other = 0;
    for (uint16_t i = 0; i < count; i++) {
        const struct rte_mbuf *packet = packets[i];
        const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *);
        uint32_t marker = frame[marker_position], class = marker & 15;
        bytes += packet->pkt_len;
        bool is_ours = class < class_count && marker >> 4 < 2;
        bool is_back = is_ours && marker >> 4 == side;
        sent[class_load] += is_ours && !is_back && class == class_load;
        sent[class_attack] += is_ours && !is_back && class == class_attack;
        back += is_back;
        other += !is_ours;
        if (copies && packet->data_len <= guest_slot_bytes) {
            uint32_t slot = sink->guest_slot++ % guest_slots;
            rte_memcpy(sink->guest + slot * guest_slot_bytes, frame, packet->data_len);
        }
    }
    counters->sent[class_load] += sent[class_load];
    counters->sent[class_attack] += sent[class_attack];
    counters->sent_bytes += bytes;
    counters->sent_back += back;
    counters->sent_other += other;
    rte_pktmbuf_free_bulk(packets, count);
    return count;
}
