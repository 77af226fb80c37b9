// Devices: attach, configure, start, stop, statistics. Called by the control thread alone.
#include <rte_config.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "CDPDK.h"

static const uint64_t checksum_offloads =
    RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;

static bool find(const char *devargs, uint16_t *port) {
    struct rte_dev_iterator iterator;
    RTE_ETH_FOREACH_MATCHING_DEV(*port, devargs, &iterator) {
        rte_eth_iterator_cleanup(&iterator);
        return true;
    }
    return false;
}

int32_t vd_device_attach(const char *devargs, uint16_t *port, bool *probed) {
    *probed = false;
    // A device's name alone finds a port that another device of the same driver also matches.
    char name[RTE_ETH_NAME_MAX_LEN];
    size_t bytes = strcspn(devargs, ",");
    if (bytes < sizeof name) {
        memcpy(name, devargs, bytes);
        name[bytes] = 0;
        if (rte_eth_dev_get_port_by_name(name, port) == 0)
            return 0;
    }
    int status = rte_dev_probe(devargs);
    if (status < 0 && status != -EEXIST)
        return status;
    *probed = status == 0;
    if (bytes < sizeof name && rte_eth_dev_get_port_by_name(name, port) == 0)
        return 0;
    return find(devargs, port) ? 0 : -ENODEV;
}

int32_t vd_device_detach(uint16_t port, bool remove) {
    struct rte_eth_dev_info info;
    int status = rte_eth_dev_info_get(port, &info);
    if (status < 0)
        return status;
    rte_eth_dev_stop(port);
    status = rte_eth_dev_close(port);
    if (remove && info.device != NULL) {
        int removed = rte_dev_remove(info.device);
        if (status == 0)
            status = removed;
    }
    return status;
}

int32_t vd_device_info_get(uint16_t port, vd_device_info *result) {
    struct rte_eth_dev_info info;
    int status = rte_eth_dev_info_get(port, &info);
    if (status < 0)
        return status;
    memset(result, 0, sizeof *result);
    snprintf(result->driver, sizeof result->driver, "%s", info.driver_name ? info.driver_name : "");
    rte_eth_dev_get_name_by_port(port, result->name);
    result->rx_queues = info.nb_rx_queues;
    result->tx_queues = info.nb_tx_queues;
    result->rx_queues_max = info.max_rx_queues;
    result->tx_queues_max = info.max_tx_queues;
    result->mtu_min = info.min_mtu;
    result->mtu_max = info.max_mtu;
    result->socket = rte_eth_dev_socket_id(port);
    result->rx_buffer_min = info.min_rx_bufsize;
    result->rx_packet_max = info.max_rx_pktlen;
    result->mac_max = info.max_mac_addrs;
    result->hash_mac_max = info.max_hash_mac_addrs;
    result->vfs_max = info.max_vfs;
    result->pools_max = info.max_vmdq_pools;
    const struct rte_bus *bus = info.device != NULL ? rte_dev_bus(info.device) : NULL;
    snprintf(result->bus, sizeof result->bus, "%s", bus != NULL ? rte_bus_name(bus) : "");
    result->checks_checksums = (info.rx_offload_capa &
        (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)) != 0;
    result->completes_checksums = (info.tx_offload_capa & checksum_offloads) == checksum_offloads;
    return rte_eth_dev_get_mtu(port, &result->mtu);
}

static uint16_t at_most(uint16_t wanted, uint16_t limit) {
    if (wanted == 0)
        wanted = 1;
    return limit != 0 && wanted > limit ? limit : wanted;
}

static int configure(
    uint16_t port, const vd_device_request *request, const struct rte_eth_dev_info *info,
    uint16_t rx_queues, uint16_t tx_queues) {
    struct rte_eth_conf conf;
    memset(&conf, 0, sizeof conf);
    conf.rxmode.mtu = request->mtu != 0 ? request->mtu : RTE_ETHER_MTU;
    conf.rxmode.offloads = info->rx_offload_capa &
        (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
    if ((info->tx_offload_capa & checksum_offloads) == checksum_offloads)
        conf.txmode.offloads = checksum_offloads;
    if (rx_queues > 1) {
        uint64_t hashes =
            info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);
        if (hashes != 0) {
            conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
            conf.rx_adv_conf.rss_conf.rss_hf = hashes;
        }
    }
    return rte_eth_dev_configure(port, rx_queues, tx_queues, &conf);
}

int32_t vd_device_configure(
    uint16_t port, const vd_device_request *request, vd_device_info *result) {
    struct rte_eth_dev_info info;
    int status = rte_eth_dev_info_get(port, &info);
    if (status < 0)
        return status;
    uint16_t rx_queues = at_most(request->rx_queues, info.max_rx_queues);
    uint16_t tx_queues = at_most(request->tx_queues, info.max_tx_queues);
    status = configure(port, request, &info, rx_queues, tx_queues);
    if (status < 0)
        return status;
    if (request->mtu != 0) {
        status = rte_eth_dev_set_mtu(port, request->mtu);
        if (status < 0 && status != -ENOTSUP)
            return status;
    }
    uint16_t rx_descriptors = request->rx_descriptors;
    uint16_t tx_descriptors = request->tx_descriptors;
    status = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx_descriptors, &tx_descriptors);
    if (status < 0)
        return status;
    unsigned socket = rte_eth_dev_socket_id(port) < 0 ? 0 : (unsigned)rte_eth_dev_socket_id(port);
    for (uint16_t queue = 0; queue < rx_queues && status >= 0; queue++)
        status = rte_eth_rx_queue_setup(
            port, queue, rx_descriptors, socket, NULL, request->mempool);
    for (uint16_t queue = 0; queue < tx_queues && status >= 0; queue++)
        status = rte_eth_tx_queue_setup(port, queue, tx_descriptors, socket, NULL);
    if (status < 0)
        return status;
    status = vd_device_info_get(port, result);
    result->rx_descriptors = rx_descriptors;
    result->tx_descriptors = tx_descriptors;
    return status;
}

int32_t vd_device_start(uint16_t port) { return rte_eth_dev_start(port); }

int32_t vd_device_stop(uint16_t port) { return rte_eth_dev_stop(port); }

int32_t vd_device_statistics_get(uint16_t port, vd_device_statistics *result) {
    struct rte_eth_stats stats;
    int status = rte_eth_stats_get(port, &stats);
    if (status < 0)
        return status;
    result->rx_packets = stats.ipackets;
    result->tx_packets = stats.opackets;
    result->rx_bytes = stats.ibytes;
    result->tx_bytes = stats.obytes;
    result->rx_missed = stats.imissed;
    result->rx_errors = stats.ierrors;
    result->tx_errors = stats.oerrors;
    result->rx_no_buffer = stats.rx_nombuf;
    return 0;
}

int32_t vd_device_xstats(uint16_t port, char *names, uint64_t *values, uint32_t count) {
    enum { most = 256 };
    static struct rte_eth_xstat_name found_names[most];
    static struct rte_eth_xstat found[most];
    int total = rte_eth_xstats_get_names(port, found_names, most);
    if (total < 0 || total > most)
        return total < 0 ? total : -E2BIG;
    int valued = rte_eth_xstats_get(port, found, most);
    if (valued < 0)
        return valued;
    uint32_t filled = 0;
    for (int i = 0; i < valued && i < most && filled < count; i++) {
        if (found[i].id >= (uint64_t)total)
            continue;
        snprintf(names + filled * 64, 64, "%.63s", found_names[found[i].id].name);
        values[filled++] = found[i].value;
    }
    return (int32_t)filled;
}

int32_t vd_device_link_get(uint16_t port, vd_device_link *result) {
    struct rte_eth_link link;
    int status = rte_eth_link_get_nowait(port, &link);
    if (status < 0)
        return status;
    result->megabits = link.link_speed;
    result->full_duplex = link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
    result->up = link.link_status == RTE_ETH_LINK_UP;
    return 0;
}

int32_t vd_device_mac_get(uint16_t port, uint8_t mac[6]) {
    struct rte_ether_addr address;
    int status = rte_eth_macaddr_get(port, &address);
    if (status == 0)
        memcpy(mac, address.addr_bytes, 6);
    return status;
}

int32_t vd_device_mac_set(uint16_t port, const uint8_t mac[6]) {
    struct rte_ether_addr address;
    memcpy(address.addr_bytes, mac, 6);
    return rte_eth_dev_default_mac_addr_set(port, &address);
}

int32_t vd_device_mtu_set(uint16_t port, uint16_t mtu) { return rte_eth_dev_set_mtu(port, mtu); }

int32_t vd_device_promiscuous_set(uint16_t port, bool on) {
    return on ? rte_eth_promiscuous_enable(port) : rte_eth_promiscuous_disable(port);
}
