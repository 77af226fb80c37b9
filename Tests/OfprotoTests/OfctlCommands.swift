// The commands that are given to this switch and to Open vSwitch; BR stands for the bridge.

enum OfctlCommands {
    // Long lines are commands as they are typed.
    static let text = #"""
        ovs-ofctl show BR
        ovs-ofctl -O OpenFlow13 show BR
        ovs-ofctl -O OpenFlow15 show BR
        ovs-ofctl -O OpenFlow13 dump-desc BR
        ovs-ofctl dump-tables BR
        ovs-ofctl -O OpenFlow12 dump-tables BR
        ovs-ofctl -O OpenFlow13 dump-tables BR
        ovs-ofctl -O OpenFlow14 dump-table-desc BR
        ovs-ofctl dump-ports-desc BR
        ovs-ofctl -O OpenFlow15 dump-ports-desc BR
        ovs-ofctl -O OpenFlow15 dump-ports-desc BR 2
        ovs-ofctl queue-stats BR 1 5
        ovs-ofctl add-flow BR in_port=1,actions=2
        ovs-ofctl add-flow BR table=5,priority=100,tcp,nw_src=10.0.0.0/8,tp_dst=80,actions=mod_nw_dst:1.2.3.4,output:3
        ovs-ofctl add-flow BR cookie=0x123,idle_timeout=60000,hard_timeout=60000,ip,actions=normal
        ovs-ofctl add-flow BR send_flow_rem,arp,actions=flood
        ovs-ofctl dump-flows BR
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl dump-flows BR table=5
        ovs-ofctl dump-flows BR cookie=0x123/-1
        ovs-ofctl dump-flows BR out_port=3
        ovs-ofctl dump-flows BR tcp
        ovs-ofctl dump-flows BR ip
        ovs-ofctl -O OpenFlow10 dump-flows BR
        ovs-ofctl -O OpenFlow13 dump-flows BR
        ovs-ofctl -O OpenFlow14 dump-flows BR
        ovs-ofctl -O OpenFlow15 dump-flows BR
        ovs-ofctl dump-aggregate BR
        ovs-ofctl -O OpenFlow13 dump-aggregate BR
        ovs-ofctl dump-aggregate BR table=0
        ovs-ofctl mod-flows BR ip,actions=output:1
        ovs-ofctl dump-flows BR
        ovs-ofctl mod-flows BR udp,actions=output:2
        ovs-ofctl --strict mod-flows BR priority=7,udp,actions=output:2
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow13 mod-flows BR icmp,actions=output:2
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl add-flow BR check_overlap,priority=7,ip,actions=drop
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl del-flows BR udp
        ovs-ofctl --strict del-flows BR priority=100,table=5,tcp,nw_src=10.0.0.0/8,tp_dst=80
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl del-flows BR cookie=0x123/-1
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl add-flow BR table=254,actions=drop
        ovs-ofctl add-flow BR table=255,actions=drop
        ovs-ofctl -O OpenFlow13 add-flow BR group:5
        ovs-ofctl -O OpenFlow13 add-flow BR actions=group:5
        ovs-ofctl -O OpenFlow13 add-flow BR actions=meter:5,output:1
        ovs-ofctl -O OpenFlow13 add-group BR group_id=5,type=all,bucket=output:1,bucket=output:2
        ovs-ofctl -O OpenFlow13 add-group BR group_id=5,type=all,bucket=output:1
        ovs-ofctl -O OpenFlow13 add-flow BR priority=9,actions=group:5
        ovs-ofctl -O OpenFlow13 dump-groups BR
        ovs-ofctl -O OpenFlow15 dump-groups BR
        ovs-ofctl -O OpenFlow10 dump-groups BR
        ovs-ofctl -O OpenFlow13 dump-group-stats BR
        ovs-ofctl -O OpenFlow13 dump-group-stats BR group_id=5
        ovs-ofctl -O OpenFlow13 dump-group-features BR
        ovs-ofctl -O OpenFlow15 insert-buckets BR group_id=5,command_bucket_id=last,bucket=bucket_id:9,output:3
        ovs-ofctl -O OpenFlow15 insert-buckets BR group_id=5,command_bucket_id=first,bucket=bucket_id:10,output:3
        ovs-ofctl -O OpenFlow15 insert-buckets BR group_id=5,command_bucket_id=9,bucket=bucket_id:11,output:1
        ovs-ofctl -O OpenFlow15 insert-buckets BR group_id=5,command_bucket_id=77,bucket=bucket_id:12,output:1
        ovs-ofctl -O OpenFlow15 insert-buckets BR group_id=5,command_bucket_id=9,bucket=bucket_id:11,output:1
        ovs-ofctl -O OpenFlow15 dump-groups BR
        ovs-ofctl -O OpenFlow15 remove-buckets BR group_id=5,command_bucket_id=9
        ovs-ofctl -O OpenFlow15 remove-buckets BR group_id=5,command_bucket_id=first
        ovs-ofctl -O OpenFlow15 remove-buckets BR group_id=5,command_bucket_id=99
        ovs-ofctl -O OpenFlow15 dump-groups BR
        ovs-ofctl -O OpenFlow13 mod-group BR group_id=5,type=select,bucket=weight:5,output:1,bucket=weight:3,output:2
        ovs-ofctl -O OpenFlow15 mod-group BR 'group_id=5,type=select,selection_method=hash,fields(ip_src,ip_dst),bucket=weight:5,output:1'
        ovs-ofctl -O OpenFlow15 dump-groups BR
        ovs-ofctl -O OpenFlow13 mod-group BR group_id=6,type=select,bucket=output:1
        ovs-ofctl -O OpenFlow13 --may-create mod-group BR group_id=6,type=indirect,bucket=output:1
        ovs-ofctl -O OpenFlow13 add-group BR group_id=7,type=ff,bucket=watch_port:1,output:1,bucket=watch_port:2,output:2
        ovs-ofctl -O OpenFlow13 dump-groups BR
        ovs-ofctl -O OpenFlow13 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow13 del-groups BR group_id=5
        ovs-ofctl -O OpenFlow13 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow13 del-groups BR
        ovs-ofctl -O OpenFlow13 dump-groups BR
        ovs-ofctl -O OpenFlow13 add-meter BR meter=1,kbps,burst,band=type=drop,rate=1000,burst_size=100
        ovs-ofctl -O OpenFlow13 add-meter BR meter=1,kbps,band=type=drop,rate=1000
        ovs-ofctl -O OpenFlow13 add-meter BR meter=2,pktps,stats,band=type=drop,rate=100
        ovs-ofctl -O OpenFlow13 add-meter BR meter=controller,pktps,stats,band=type=drop,rate=100
        ovs-ofctl -O OpenFlow13 dump-meters BR
        ovs-ofctl -O OpenFlow13 dump-meter BR meter=2
        ovs-ofctl -O OpenFlow13 dump-meter BR meter=3
        ovs-ofctl -O OpenFlow13 meter-stats BR
        ovs-ofctl -O OpenFlow13 meter-stats BR meter=1
        ovs-ofctl -O OpenFlow13 add-flow BR priority=11,actions=meter:1,output:1
        ovs-ofctl -O OpenFlow15 add-flow BR priority=12,actions=meter:1,output:1
        ovs-ofctl -O OpenFlow13 meter-stats BR
        ovs-ofctl -O OpenFlow13 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow15 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow13 mod-meter BR meter=1,kbps,band=type=drop,rate=2000
        ovs-ofctl -O OpenFlow13 mod-meter BR meter=9,kbps,band=type=drop,rate=2000
        ovs-ofctl -O OpenFlow13 dump-meters BR
        ovs-ofctl -O OpenFlow13 del-meter BR meter=1
        ovs-ofctl -O OpenFlow13 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow13 del-meters BR
        ovs-ofctl -O OpenFlow13 dump-meters BR
        ovs-ofctl del-flows BR
        ovs-ofctl dump-flows BR
        ovs-ofctl del-flows BR
        ovs-ofctl add-flow BR 'table=1,priority=10,actions=learn(table=2,idle_timeout=60000,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])'
        ovs-ofctl add-flow BR 'priority=5,conj_id=7,actions=output:1'
        ovs-ofctl add-flow BR 'priority=5,ip,nw_src=1.1.1.1,actions=conjunction(7,1/2)'
        ovs-ofctl add-flow BR 'priority=5,tcp,tp_dst=80,actions=conjunction(7,2/2)'
        ovs-ofctl add-flow BR 'priority=6,actions=clone(push:NXM_NX_REG0[],pop:NXM_NX_REG1[],output:2),controller(userdata=01.02,pause),note:aa.bb'
        ovs-ofctl add-flow BR 'priority=8,actions=bundle(eth_src,0,hrw,ofport,members:1,2),multipath(eth_src,50,modulo_n,1,0,NXM_NX_REG0[])'
        ovs-ofctl add-flow BR 'priority=9,dl_vlan=5,actions=strip_vlan,mod_vlan_vid:7,mod_vlan_pcp:3,check_pkt_larger(100)->NXM_NX_REG0[0],dec_ttl(1,2),exit'
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow15 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow13 --no-stats dump-flows BR
        ovs-ofctl --no-stats --no-names dump-flows BR
        ovs-ofctl -O OpenFlow13 add-flow BR 'priority=20,ip,actions=write_actions(set_field:1.2.3.4->ip_src,output:2),write_metadata:0x5/0xf,goto_table:3'
        ovs-ofctl -O OpenFlow13 add-flow BR 'priority=21,actions=clear_actions'
        ovs-ofctl -O OpenFlow13 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow11 --no-stats dump-flows BR
        ovs-ofctl --no-stats dump-flows BR
        printf 'add priority=1,actions=drop\ndelete table=1\nadd table=9,actions=1\n' | ovs-ofctl --bundle add-flows BR -
        ovs-ofctl --no-stats dump-flows BR
        printf 'add priority=2,actions=drop\nadd table=9,actions=1\nadd table=254,actions=2\n' | ovs-ofctl --bundle add-flows BR -
        printf 'add priority=3,actions=drop\nadd table=9,priority=5,actions=group:77\n' | ovs-ofctl -O OpenFlow14 --bundle add-flows BR - 2>&1 | grep -v 000000
        ovs-ofctl --no-stats dump-flows BR
        printf 'table=0,actions=1\ntable=3,ip,actions=2\n' | ovs-ofctl replace-flows BR -
        ovs-ofctl --no-stats dump-flows BR
        printf 'table=0,actions=2\ntable=3,ip,actions=2\n' | ovs-ofctl -O OpenFlow14 --bundle replace-flows BR -
        ovs-ofctl --no-stats dump-flows BR
        printf 'table=0,actions=2\ntable=3,ip,actions=3\n' | ovs-ofctl diff-flows BR -
        ovs-ofctl -O OpenFlow14 bundle BR - <<< $'flow add table=4,actions=drop\ngroup add group_id=1,type=all,bucket=output:1\nflow add table=5,actions=group:1\npacket-out in_port=1 actions=output:2 packet=505400000007505400000008080045000028000000004006f97cc0a80001c0a8000200080000000000000000000050000000f0f60000'
        ovs-ofctl -O OpenFlow14 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow14 dump-groups BR
        ovs-ofctl -O OpenFlow14 bundle BR - <<< $'group delete group_id=1\nflow add table=6,actions=drop'
        ovs-ofctl -O OpenFlow14 --no-stats dump-flows BR
        ovs-ofctl packet-out BR 'in_port=1 actions=output:2 packet=505400000007505400000008080045000028000000004006f97cc0a80001c0a8000200080000000000000000000050000000f0f60000'
        ovs-ofctl mod-port BR 1 no-flood
        ovs-ofctl mod-port BR p2 no-packet-in
        ovs-ofctl mod-port BR p9 no-packet-in
        ovs-ofctl show BR
        ovs-ofctl mod-port BR 1 flood
        ovs-ofctl get-frags BR
        ovs-ofctl set-frags BR drop
        ovs-ofctl get-frags BR
        ovs-ofctl set-frags BR nx-match
        ovs-ofctl get-frags BR
        ovs-ofctl set-frags BR normal
        ovs-ofctl -O OpenFlow13 mod-table BR 0 drop
        ovs-ofctl -O OpenFlow14 mod-table BR 3 evict
        ovs-ofctl -O OpenFlow14 mod-table BR 3 vacancy:20,80
        ovs-ofctl -O OpenFlow14 dump-table-desc BR
        ovs-ofctl -O OpenFlow14 mod-table BR 3 novacancy
        ovs-ofctl -O OpenFlow14 mod-table BR 3 noevict
        ovs-ofctl -O OpenFlow14 mod-table BR 254 noevict
        ovs-ofctl -O OpenFlow15 mod-table BR 3 name:hello
        ovs-ofctl -O OpenFlow15 dump-tables BR
        ovs-ofctl -O OpenFlow15 mod-table BR 3 name:
        ovs-ofctl dump-tlv-map BR
        ovs-ofctl add-tlv-map BR "{class=0xffff,type=0,len=4}->tun_metadata0"
        ovs-ofctl add-tlv-map BR "{class=0xffff,type=1,len=16}->tun_metadata1,{class=0x102,type=0x80,len=124}->tun_metadata2"
        ovs-ofctl dump-tlv-map BR
        ovs-ofctl add-tlv-map BR "{class=0xffff,type=0,len=4}->tun_metadata5"
        ovs-ofctl add-tlv-map BR "{class=0xffff,type=7,len=4}->tun_metadata0"
        ovs-ofctl add-tlv-map BR "{class=0xffff,type=7,len=124}->tun_metadata7"
        ovs-ofctl add-tlv-map BR "{class=0xffff,type=8,len=124}->tun_metadata8"
        ovs-ofctl add-flow BR 'priority=3,tun_metadata0=0x5,actions=set_field:1->tun_metadata1,move:NXM_NX_TUN_METADATA0[]->NXM_NX_REG0[]'
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl del-tlv-map BR "{class=0xffff,type=0,len=4}->tun_metadata0"
        ovs-ofctl add-flow BR 'priority=3,tun_metadata9=0x5,actions=drop'
        ovs-ofctl del-flows BR
        ovs-ofctl del-tlv-map BR "{class=0xffff,type=0,len=4}->tun_metadata0"
        ovs-ofctl dump-tlv-map BR
        ovs-ofctl del-tlv-map BR
        ovs-ofctl dump-tlv-map BR
        ovs-ofctl ct-flush BR zone=5
        ovs-ofctl ct-flush BR
        ovs-ofctl ct-flush BR zone=5 'ct_nw_src=10.1.1.1,ct_nw_proto=17,ct_tp_src=1'
        ovs-ofctl ct-flush-zone BR 5
        ovs-ofctl probe BR
        ovs-ofctl -O OpenFlow14 add-flow BR 'importance=5,idle_timeout=60000,table=8,actions=drop'
        ovs-ofctl -O OpenFlow14 --no-stats dump-flows BR
        ovs-ofctl -O OpenFlow13 add-flow BR 'reset_counts,no_packet_counts,table=8,priority=3,actions=drop'
        ovs-ofctl -O OpenFlow13 --no-stats dump-flows BR
        ovs-ofctl dump-ipfix-bridge BR
        ovs-ofctl dump-flows BR table=77
        ovs-ofctl add-flow BR actions=set_field:1.2.3.4-\>ip_src
        ovs-ofctl --no-stats dump-flows BR
        ovs-ofctl del-flows BR out_port=1
        ovs-ofctl -O OpenFlow13 add-group BR group_id=5000,type=ff,bucket=output:1
        ovs-ofctl -O OpenFlow13 add-group BR group_id=0xffffff01,type=all,bucket=output:1
        ovs-ofctl -O OpenFlow13 add-meter BR meter=0,kbps,band=type=drop,rate=1000
        ovs-ofctl -O OpenFlow13 add-meter BR meter=5,kbps,band=type=drop,rate=1,band=type=drop,rate=2,band=type=drop,rate=3,band=type=drop,rate=4,band=type=drop,rate=5,band=type=drop,rate=6,band=type=drop,rate=7,band=type=drop,rate=8,band=type=drop,rate=9
        """#
}
