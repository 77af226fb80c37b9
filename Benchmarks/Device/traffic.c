// A DPDK device that is traffic: two ports (client's and server's side) whose packets are built when
// they are received and counted when they are sent, on the thread of the switch under test. Loaded by
// each switch with the EAL option -d; opened as net_traffic0,file=PATH,side=0 and …,side=1. The file
// is a `traffic_shared`, made by the runner. All of it but probing belongs to the poll threads; a side's
// queue belongs to the one that polls it.
#include <rte_config.h>

#include <bus_vdev_driver.h>
#include <ethdev_driver.h>
#include <ethdev_vdev.h>
#include <rte_cycles.h>
#include <rte_kvargs.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "load.h"

struct port {
    struct pair *pair;
    uint32_t side;
    uint16_t id;
    struct rte_ether_addr mac;
    struct rte_mempool *pools[traffic_queues_max];
    struct queue_handle {
        struct port *port;
        uint32_t number;
    } receive[traffic_queues_max], transmit[traffic_queues_max];
};

static struct pair pairs[4];
static struct rte_eth_link link_up = {
    .link_speed = RTE_ETH_SPEED_NUM_100G,
    .link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
    .link_status = RTE_ETH_LINK_UP,
    .link_autoneg = RTE_ETH_LINK_FIXED,
};

static uint16_t receive(void *handle, struct rte_mbuf **packets, uint16_t count) {
    struct queue_handle *queue = handle;
    struct port *port = queue->port;
    return load_receive(
        port->pair, port->side, queue->number, port->id, port->pools[queue->number], packets,
        count);
}

static uint16_t transmit(void *handle, struct rte_mbuf **packets, uint16_t count) {
    struct queue_handle *queue = handle;
    struct port *port = queue->port;
    return load_transmit(port->pair, port->side, queue->number, packets, count);
}

static int configure(struct rte_eth_dev *device) {
    (void)device;
    return 0;
}

static int start(struct rte_eth_dev *device) {
    device->data->dev_link.link_status = RTE_ETH_LINK_UP;
    return 0;
}

static int stop(struct rte_eth_dev *device) {
    (void)device;
    return 0;
}

static int information(struct rte_eth_dev *device, struct rte_eth_dev_info *info) {
    (void)device;
    info->max_mac_addrs = 1;
    info->max_rx_pktlen = 9728;
    info->max_mtu = 9702;
    info->min_rx_bufsize = 0;
    info->max_rx_queues = traffic_queues_max;
    info->max_tx_queues = traffic_queues_max;
    info->rx_offload_capa = RTE_ETH_RX_OFFLOAD_CHECKSUM | RTE_ETH_RX_OFFLOAD_RSS_HASH;
    info->tx_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    info->flow_type_rss_offloads = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP;
    return 0;
}

static int receive_setup(
    struct rte_eth_dev *device, uint16_t number, uint16_t descriptors, unsigned socket,
    const struct rte_eth_rxconf *conf, struct rte_mempool *pool) {
    struct port *port = device->data->dev_private;
    (void)descriptors, (void)socket, (void)conf;
    port->pools[number] = pool;
    port->receive[number] = (struct queue_handle){port, number};
    device->data->rx_queues[number] = &port->receive[number];
    return 0;
}

static int transmit_setup(
    struct rte_eth_dev *device, uint16_t number, uint16_t descriptors, unsigned socket,
    const struct rte_eth_txconf *conf) {
    struct port *port = device->data->dev_private;
    (void)descriptors, (void)socket, (void)conf;
    port->transmit[number] = (struct queue_handle){port, number};
    device->data->tx_queues[number] = &port->transmit[number];
    return 0;
}

static int statistics(struct rte_eth_dev *device, struct rte_eth_stats *stats) {
    struct port *port = device->data->dev_private;
    for (uint32_t queue = 0; queue < traffic_queues_max; queue++) {
        struct traffic_counters *counters = &port->pair->shared->counters[port->side][queue];
        for (uint32_t class = 0; class < class_count; class++) {
            stats->ipackets += counters->received[class];
            stats->opackets += counters->sent[class];
            stats->imissed += counters->ring_drops[class];
        }
        stats->opackets += counters->sent_back + counters->sent_other;
        stats->ibytes += counters->received_bytes;
        stats->obytes += counters->sent_bytes;
        stats->rx_nombuf += counters->no_buffer;
    }
    return 0;
}

static int accept_mtu(struct rte_eth_dev *device, uint16_t mtu) {
    (void)device, (void)mtu;
    return 0;
}

static int accept_mac(struct rte_eth_dev *device, struct rte_ether_addr *mac) {
    (void)device, (void)mac;
    return 0;
}

static int agree(struct rte_eth_dev *device) {
    (void)device;
    return 0;
}

static int close_device(struct rte_eth_dev *device) {
    device->data->mac_addrs = NULL; // not allocated by itself
    return 0;
}

static int link_update(struct rte_eth_dev *device, int wait) {
    (void)device, (void)wait;
    return 0;
}

static const struct eth_dev_ops operations = {
    .dev_configure = configure,
    .dev_start = start,
    .dev_stop = stop,
    .dev_close = close_device,
    .dev_infos_get = information,
    .rx_queue_setup = receive_setup,
    .tx_queue_setup = transmit_setup,
    .link_update = link_update,
    .stats_get = statistics,
    .mtu_set = accept_mtu,
    .mac_addr_set = accept_mac,
    .promiscuous_enable = agree,
    .promiscuous_disable = agree,
    .allmulticast_enable = agree,
    .allmulticast_disable = agree,
};

// The pair of a file: mapped at the first of its two ports.
static struct pair *pair_of(const char *path) {
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct pair *pair = &pairs[i];
        if (pair->shared != NULL && strcmp(pair->path, path) == 0)
            return pair;
        if (pair->shared != NULL)
            continue;
        int file = open(path, O_RDWR | O_CLOEXEC);
        if (file < 0)
            return NULL;
        void *memory = lseek(file, 0, SEEK_END) < traffic_bytes
            ? MAP_FAILED
            : mmap(NULL, traffic_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        if (memory == MAP_FAILED)
            return NULL;
        if (((struct traffic_shared *)memory)->config.magic != traffic_magic ||
            strlen(path) >= sizeof pair->path || !load_initialise(pair, memory)) {
            munmap(memory, traffic_bytes);
            return NULL;
        }
        strcpy(pair->path, path);
        return pair;
    }
    return NULL;
}

static int argument(const char *key, const char *value, void *result) {
    (void)key;
    *(const char **)result = value;
    return value == NULL ? -EINVAL : 0;
}

static int probe(struct rte_vdev_device *vdev) {
    static const char *const names[] = {"file", "side", NULL};
    struct rte_kvargs *arguments = rte_kvargs_parse(rte_vdev_device_args(vdev), names);
    const char *path = NULL, *side = NULL;
    if (arguments == NULL)
        return -EINVAL;
    rte_kvargs_process(arguments, "file", argument, &path);
    rte_kvargs_process(arguments, "side", argument, &side);
    struct pair *pair = path == NULL || side == NULL ? NULL : pair_of(path);
    uint32_t number = side != NULL && side[0] == '1';
    rte_kvargs_free(arguments);
    if (pair == NULL)
        return -EINVAL;
    struct rte_eth_dev *device = rte_eth_vdev_allocate(vdev, sizeof(struct port));
    if (device == NULL)
        return -ENOMEM;
    struct port *port = device->data->dev_private;
    port->pair = pair;
    port->side = number;
    port->id = device->data->port_id;
    // Not an address that traffic has: the port is wired to many hosts, it is none itself.
    port->mac = (struct rte_ether_addr){{0x02, 0xff, 0, 0, 0, (uint8_t)(number + 1)}};
    device->data->dev_link = link_up;
    device->data->mac_addrs = &port->mac;
    device->data->promiscuous = 1;
    device->dev_ops = &operations;
    device->rx_pkt_burst = receive;
    device->tx_pkt_burst = transmit;
    rte_eth_dev_probing_finish(device);
    return 0;
}

static int remove_device(struct rte_vdev_device *vdev) {
    struct rte_eth_dev *device = rte_eth_dev_allocated(rte_vdev_device_name(vdev));
    if (device != NULL) {
        device->data->mac_addrs = NULL; // not allocated by itself
        rte_eth_dev_release_port(device);
    }
    return 0;
}

static struct rte_vdev_driver driver = {.probe = probe, .remove = remove_device};

RTE_PMD_REGISTER_VDEV(net_traffic, driver);
RTE_PMD_REGISTER_PARAM_STRING(net_traffic, "file=<path> side=0|1");
