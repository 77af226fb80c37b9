// DPDK as plain C functions over plain types: no rte_* header is included here, so that importing
// this module takes none of DPDK's compiler flags. One call a burst, not one a packet. The packet
// layout that the switch relies on is proven by static assertions in CDPDK+Packets.c.
#ifndef VEDETTE_CDPDK_H
#define VEDETTE_CDPDK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// On the packet's way: promises Swift that the function allocates nothing from the heap.
#define VD_PACKET_PATH __attribute__((swift_attr("@_noAllocation")))

// The environment. All results are 0 or a negated errno unless said otherwise.

/// DPDK's version, such as "DPDK 22.11.11".
const char *vd_dpdk_version(void);
/// Initialises the EAL, once a process. The arguments must live as long as the process. The
/// affinity of the calling thread is as before afterwards.
int32_t vd_eal_init(int32_t argc, char **argv);
/// Sends DPDK's log lines to `sink` (length in bytes, not terminated) instead of stderr.
int32_t vd_log_redirect(void (*sink)(uint32_t level, const char *line, uint64_t bytes));
/// The CPU that the caller runs on; 0 when unknown.
int32_t vd_current_cpu(void);
/// Makes the calling thread known, so that it gets mempool caches of its own; and forgets it.
int32_t vd_thread_register(void);
void vd_thread_unregister(void);

// Packets. A header is an `rte_mbuf` with 64 private bytes of `vd_packet_metadata`.

/// The same 64 bytes as Swift's `PacketMetadata`; a test compares the two.
typedef struct vd_packet_metadata {
    uint32_t capacity;
    uint32_t in_port;
    uint16_t flags;
    uint8_t gso_type;
    uint8_t reserved0;
    uint16_t gso_size;
    uint16_t header_length;
    uint16_t checksum_position;
    uint16_t checksum_offset;
    uint16_t l2_position;
    uint16_t l3_position;
    uint16_t l4_position;
    uint16_t reserved1;
    uint32_t mark;
    uint64_t scratch[4];
} vd_packet_metadata;

/// A mempool of `count` packets with `room` bytes of data room (128 of headroom included); NULL and
/// `*error` on failure.
void *vd_mempool_create(
    const char *name, uint32_t count, uint16_t room, int32_t socket, int32_t *error);
void vd_mempool_destroy(void *pool);
uint32_t vd_mempool_available(const void *pool);
/// All or nothing; 0 on success.
VD_PACKET_PATH int32_t vd_mempool_allocate(void *pool, void **headers, uint32_t count);
VD_PACKET_PATH void vd_mempool_free(void **headers, uint32_t count);

// Devices.

typedef struct vd_device_request {
    void *mempool;
    uint16_t rx_queues, tx_queues;
    uint16_t rx_descriptors, tx_descriptors;
    uint16_t mtu; // 0: leave it
} vd_device_request;

typedef struct vd_device_info {
    char driver[64];
    char name[64];
    uint16_t rx_queues, tx_queues; // as configured
    uint16_t rx_queues_max, tx_queues_max;
    uint16_t rx_descriptors, tx_descriptors;
    uint16_t mtu, mtu_min, mtu_max;
    int32_t socket;
    uint32_t rx_buffer_min, rx_packet_max;
    uint32_t mac_max, hash_mac_max;
    uint16_t vfs_max, pools_max;
    char bus[32];
    bool checks_checksums; // TCP or UDP, received
    bool completes_checksums; // TCP and UDP, both ways of IP
} vd_device_info;

typedef struct vd_device_statistics {
    uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
    uint64_t rx_missed, rx_errors, tx_errors, rx_no_buffer;
} vd_device_statistics;

typedef struct vd_device_link {
    uint32_t megabits; // 0 or UINT32_MAX: unknown
    bool full_duplex;
    bool up;
} vd_device_link;

/// Finds the port that `devargs` names, and probes it if it is not there yet.
int32_t vd_device_attach(const char *devargs, uint16_t *port, bool *probed);
/// Stops the port, closes it and, if `remove`, detaches its device.
int32_t vd_device_detach(uint16_t port, bool remove);
/// Configures queues and offloads as far as the device has them; fewer queues may result.
int32_t vd_device_configure(uint16_t port, const vd_device_request *request, vd_device_info *info);
int32_t vd_device_start(uint16_t port);
int32_t vd_device_stop(uint16_t port);
int32_t vd_device_info_get(uint16_t port, vd_device_info *info);
int32_t vd_device_statistics_get(uint16_t port, vd_device_statistics *statistics);
/// Fills at most `count` names (64 bytes each) and values; how many there are.
int32_t vd_device_xstats(uint16_t port, char *names, uint64_t *values, uint32_t count);
int32_t vd_device_link_get(uint16_t port, vd_device_link *link);
int32_t vd_device_mac_get(uint16_t port, uint8_t mac[6]);
int32_t vd_device_mac_set(uint16_t port, const uint8_t mac[6]);
int32_t vd_device_mtu_set(uint16_t port, uint16_t mtu);
int32_t vd_device_promiscuous_set(uint16_t port, bool on);

/// What came in a burst besides its packets.
typedef struct vd_burst {
    /// Bit i: packet i has several segments, is too short, or claims what remains to be checked.
    uint32_t special;
    /// Of the other packets.
    uint32_t bytes, multicast;
} vd_burst;

/// Receives up to `count` (at most 32) packets, initialises their metadata but for its scratch, and
/// asks for their data.
VD_PACKET_PATH uint16_t vd_rx_burst(
    uint16_t port, uint16_t queue, void **headers, uint16_t count, uint32_t in_port,
    vd_burst *burst);
/// Sends up to `count` packets; how many the device took.
VD_PACKET_PATH uint16_t vd_tx_burst(uint16_t port, uint16_t queue, void **headers, uint16_t count);

/// The claim of a special packet: whether its L4 checksum is partial, and its segment size or 0.
VD_PACKET_PATH bool vd_packet_checksum_partial(const void *header);
VD_PACKET_PATH uint16_t vd_packet_segment_size(const void *header);
/// Asks the device to complete the L4 checksum.
VD_PACKET_PATH void vd_packet_request_checksum(
    void *header, uint16_t l2_bytes, uint16_t l3_bytes, bool is_tcp, bool is_ipv6);

#endif
