// Packets: the proof that DPDK's mbuf is laid out as the switch believes, mempools, bursts and the
// offload fields of one packet.
#include <rte_config.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <errno.h>
#include <string.h>

#include "CDPDK.h"

#define MBUF_AT(field, offset) \
    _Static_assert(offsetof(struct rte_mbuf, field) == (offset), "rte_mbuf." #field)

MBUF_AT(buf_addr, 0);
MBUF_AT(data_off, 16);
MBUF_AT(refcnt, 18);
MBUF_AT(nb_segs, 20);
MBUF_AT(port, 22);
MBUF_AT(ol_flags, 24);
MBUF_AT(packet_type, 32);
MBUF_AT(pkt_len, 36);
MBUF_AT(data_len, 40);
MBUF_AT(vlan_tci, 42);
MBUF_AT(hash.rss, 44);
MBUF_AT(buf_len, 54);
MBUF_AT(pool, 56);
MBUF_AT(next, 64);
MBUF_AT(tx_offload, 72);
MBUF_AT(priv_size, 88);
_Static_assert(sizeof(struct rte_mbuf) == 128, "rte_mbuf");
_Static_assert(sizeof(vd_packet_metadata) == 64, "vd_packet_metadata");
_Static_assert(offsetof(vd_packet_metadata, scratch) == 32, "vd_packet_metadata.scratch");
_Static_assert(RTE_PKTMBUF_HEADROOM == 128, "headroom");
// A mempool begins with its name in ASCII, a pool of ours with a word that is not.
_Static_assert(offsetof(struct rte_mempool, name) == 0, "rte_mempool.name");

enum { flag_checksum_valid = 2, flag_checksum_bad = 4, flag_rss_valid = 8 };

void *vd_mempool_create(
    const char *name, uint32_t count, uint16_t room, int32_t socket, int32_t *error) {
    struct rte_mempool *pool =
        rte_pktmbuf_pool_create(name, count, 256, sizeof(vd_packet_metadata), room, socket);
    *error = pool == NULL ? -rte_errno : 0;
    return pool;
}

void vd_mempool_destroy(void *pool) { rte_mempool_free(pool); }

uint32_t vd_mempool_available(const void *pool) { return rte_mempool_avail_count(pool); }

int32_t vd_mempool_allocate(void *pool, void **headers, uint32_t count) {
    return rte_pktmbuf_alloc_bulk(pool, (struct rte_mbuf **)headers, count);
}

void vd_mempool_free(void **headers, uint32_t count) {
    rte_pktmbuf_free_bulk((struct rte_mbuf **)headers, count);
}

/// Starts the metadata of a received packet; whether it needs more than this.
static inline bool describe(struct rte_mbuf *m, uint32_t in_port) {
    vd_packet_metadata *meta = rte_mbuf_to_priv(m);
    uint64_t flags = m->ol_flags;
    uint64_t l4 = flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
    memset(meta, 0, offsetof(vd_packet_metadata, scratch));
    meta->capacity = m->buf_len;
    meta->in_port = in_port;
    meta->flags = (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD ? flag_checksum_valid : 0) |
        (l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD ? flag_checksum_bad : 0) |
        (flags & RTE_MBUF_F_RX_RSS_HASH ? flag_rss_valid : 0);
    return m->nb_segs != 1 || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE || (flags & RTE_MBUF_F_RX_LRO) ||
        m->pkt_len < 14;
}

uint16_t vd_rx_burst(
    uint16_t port, uint16_t queue, void **headers, uint16_t count, uint32_t in_port,
    vd_burst *burst) {
    struct rte_mbuf **mbufs = (struct rte_mbuf **)headers;
    vd_burst found = {0};
    uint16_t got = rte_eth_rx_burst(port, queue, mbufs, count);
    for (uint16_t i = 0; i < got; i++) {
        rte_prefetch0(rte_mbuf_to_priv(mbufs[i]));
        rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
    }
    for (uint16_t i = 0; i < got; i++) {
        if (unlikely(describe(mbufs[i], in_port))) {
            found.special |= 1u << i;
            continue;
        }
        found.bytes += mbufs[i]->pkt_len;
        found.multicast += *rte_pktmbuf_mtod(mbufs[i], const uint8_t *) & 1;
    }
    *burst = found;
    return got;
}

uint16_t vd_tx_burst(uint16_t port, uint16_t queue, void **headers, uint16_t count) {
    return rte_eth_tx_burst(port, queue, (struct rte_mbuf **)headers, count);
}

bool vd_packet_checksum_partial(const void *header) {
    const struct rte_mbuf *m = header;
    return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

uint16_t vd_packet_segment_size(const void *header) {
    const struct rte_mbuf *m = header;
    return m->ol_flags & RTE_MBUF_F_RX_LRO ? m->tso_segsz : 0;
}

void vd_packet_request_checksum(
    void *header, uint16_t l2_bytes, uint16_t l3_bytes, bool is_tcp, bool is_ipv6) {
    struct rte_mbuf *m = header;
    m->l2_len = l2_bytes;
    m->l3_len = l3_bytes;
    m->ol_flags |= is_tcp ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
    m->ol_flags |= is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
}
