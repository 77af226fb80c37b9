// What the benchmark's runner and the traffic device share: one file, mapped by both. The runner
// writes `traffic_config` and reads `traffic_counters`; Benchmarks/Peer/traffic.py mirrors both.
#ifndef VEDETTE_TRAFFIC_H
#define VEDETTE_TRAFFIC_H

#include <stdint.h>

enum { traffic_magic = 0x76645431, traffic_queues_max = 8, traffic_bytes = 16384 };

// What the poll threads do at their next turn.
enum traffic_run {
    run_idle = 0,
    run_load = 1,  // the load, in random order
    run_begin = 2, // each flow once in each direction, TCP with its handshake; then idle
    run_pass = 3,  // each flow once in each direction, as the load has it; then idle
};

enum traffic_kind {
    kind_udp = 0,
    kind_tcp = 1,   // established, sequence numbers moving
    kind_short = 2, // SYN, SYN-ACK, ACK, data both ways, FIN both ways, ACK
    kind_new = 3,   // every packet of the client a new UDP 5-tuple; one of 16 gets an answer
};

enum traffic_class { class_load = 0, class_attack = 1, class_count = 2 };

// How flows spread over rules. Flow i belongs to rule i % rules; rule r permits sources below
// net_base + (r << block_bits) with variants[r & variant_mask].host_bits free bits, and destination
// ports from port_base + ((r << port_shift) & port_mask) with port_bits free bits.
struct traffic_variant {
    uint8_t host_bits, port_bits;
};

struct traffic_config {
    uint32_t magic;
    uint32_t generation; // raised after any change but of `run` and `epoch`: all state starts anew
    uint32_t epoch;      // raised before a stopped process goes on: no time has passed
    uint32_t run;        // enum traffic_run
    uint32_t pass;       // raised to start run_begin or run_pass anew
    uint32_t kind;       // enum traffic_kind
    uint32_t ipv6;
    uint32_t flows;
    uint32_t rules;
    uint32_t size;  // bytes of a frame without its check sequence; 0: IMIX
    uint32_t copy;  // copies whole frames in and out, as vhost does
    uint32_t sides; // bit 0: the client's side sends, bit 1: the server's
    uint32_t macs;  // hardware addresses of each side
    uint32_t net_base, block_bits, server_base;
    uint32_t port_base, port_shift, port_mask, variant_mask;
    struct traffic_variant variants[8];
    uint32_t ring;     // places in the ring before the switch, when there is a rate
    uint32_t inflight; // short connections at a time
    uint32_t attack_source, attack_port, attack_source_port;
    uint32_t queues; // of each side, that flows are spread over
    uint32_t keep;   // a new generation keeps sequence numbers and learned translations
    uint32_t learn;  // the server answers to the address and port that it sees in run_begin
    uint64_t rate;        // packets a second and side; 0: as fast as they are taken
    uint64_t attack_rate; // packets a second, client's side
    uint64_t pass_rate;   // flows a second in run_begin and run_pass
    uint64_t first_tuple; // of kind_new and kind_short
};

// One poll thread writes it. Packets are counted by class: [class_load], [class_attack].
struct traffic_counters {
    uint64_t tsc;      // at the latest poll
    uint64_t polls;
    uint64_t offered[class_count];
    uint64_t received[class_count]; // that the switch took
    uint64_t ring_drops[class_count];
    uint64_t received_bytes;
    uint64_t no_buffer;
    uint64_t completed; // short connections begun and ended here
    uint64_t passed;    // the pass that is through
    uint64_t generation;
    uint64_t hertz; // of the time-stamp counter
    uint64_t padding[2];
    // Written by the thread that transmits.
    uint64_t sent[class_count];
    uint64_t sent_bytes;
    uint64_t sent_back; // to the side it came from
    uint64_t sent_other;
    uint64_t padding2[3];
};

struct traffic_shared {
    struct traffic_config config;
    uint8_t padding[4096 - sizeof(struct traffic_config)];
    struct traffic_counters counters[2][traffic_queues_max];
};

_Static_assert(sizeof(struct traffic_counters) == 192, "counters");
_Static_assert(sizeof(struct traffic_shared) <= traffic_bytes, "shared");

#endif
