/** Chinese words for the ensemble of this computer itself: how many members run, one more, one fewer, where it is kept. */
import type { size as english } from '../en/size.ts';
import type { Texts } from '../texts.ts';

export const size: Texts<typeof english> = {
  size: {
    title: '本机',
    members: '本机运行着 {n} 个成员',
    alone: '本机运行着一台单机服务器',
    add: '添加成员',
    adding: '正在添加成员',
    roles: {
      participant: '有投票权的成员',
      observer: '只观察的成员',
    },
    even: '偶数个投票者能承受的故障并不比少一个时更多。',
    steps: {
      starting: '正在创建文件夹并启动。',
      catchingUp: '正在接收其他成员的数据，在此之前没有投票权。',
      joining: '其他成员正在接纳它。',
    },
    joined: '新成员已加入。',
    failed: '没有添加成员。',
    remove: '从集群中移除…',
    removal: {
      title: '永久移除成员 {id}？',
      about: '其他成员先不再依靠它，然后将其结束。此后不会再启动它，下次启动时也不会。',
      outside: '配置中已没有它。它将被结束，不再启动。',
      loading: '正在询问各成员这意味着什么…',
      after: '剩余 {voters} 个投票者，其中 {alive} 个在参与，需要 {needed} 个。',
      afterGroups: '剩余 {voters} 个投票者，其中 {alive} 个在参与。',
      mayFail: '之后还可故障 {n} 个而不影响写入。',
      mayNotFail: '之后任何一个故障都会使写入停止。',
      deleteData: '删除其数据',
      deleteHint: '否则其文件夹会另行保留，并告知位置。',
      confirm: '移除',
      refused: '现在无法移除。',
      refusedDetail: '剩余的成员太少、没有参与，或没有可以执行它的领导者。',
      doneKept: '成员 {id} 已移除。其数据保留在',
      doneDeleted: '成员 {id} 已移除，其数据已删除。',
      close: '完成',
    },
    moved: '端口 {from} 被其他程序占用。成员 {id} 的客户端请连接 {to}。',
    movedAlone: '端口 {from} 被其他程序占用。客户端请连接 {to}。',
    movedDetail: '端口空闲后，下次启动会重新使用。',
    leftOut: '成员 {id} 不在配置中，没有启动。',
    leftOutDetail: '其数据仍在',
    beside: '此文件夹中还有一台单机服务器的数据。',
    besideDetail: '它没有运行。使用参数 --members 1 可启动它以代替集群。',
    ensemble: '三个成员的集群在一个成员故障时仍能继续。',
    ensembleDetail: '它在自己的文件夹中开始，不会触动这台服务器的任何数据：',
    copy: '复制命令',
  },
};
