/** 更改集群成员的中文文字：表单、预览、反对的理由，以及结果。 */
export const reconfig = {
  reconfig: {
    title: '更改 {name} 的成员',
    about:
      '确认之前不会发送任何内容。预览按每个成员此刻的状态，显示这项更改会对法定人数产生什么影响。',
    open: '更改成员…',
    menu: {
      remove: '从集群中移除…',
      observe: '改为观察者…',
      vote: '改为参与者…',
    },
    loading: '正在读取配置…',
    again: '重试',
    members: '成员',
    version: '基于版本 {version}',
    add: '添加成员',
    edit: '编辑成员 {id}',
    fold: '收起成员 {id} 的字段',
    remove: '移除成员 {id}',
    takeBack: '保留成员 {id}',
    discard: '放弃成员 {id}',
    restore: '恢复原样',
    role: '成员 {id} 的角色',
    roles: { participant: '参与者', observer: '观察者' },
    marks: {
      joins: '加入',
      leaves: '离开',
      observes: '改为观察',
      votes: '改为投票',
      edited: '已修改',
    },
    fields: {
      id: '编号',
      host: '主机',
      quorumPort: '法定人数端口',
      electionPort: '选举端口',
      clientHost: '客户端连接的主机',
      clientPort: '客户端端口',
      group: '组',
      weight: '权重',
      sameHost: '同上',
    },
    problems: {
      missing: '未填写',
      'not-a-port': '1 到 65535',
      'same-ports': '与法定人数端口相同',
      'not-an-id': '0 到 255',
      'id-taken': '已被占用',
      'not-a-number': '应为整数',
    },
    clientNote: '有更改的成员必须写明客户端从哪里连接。',
    standings: {
      leads: '领导者',
      follows: '正在跟随',
      observes: '正在观察',
      looks: '没有领导者',
      unheard: '没有回应',
      unknown: '无法询问',
    },
    lag: '落后 {count}',
    preview: {
      title: '预览',
      now: '现在',
      after: '之后',
      same: '改动任意一处，这里就会显示它的影响。',
      fields: '请补全字段，以查看影响。',
      planning: '正在询问各成员…',
      needed: '{voters} 票中需要 {needed} 票',
      byGroups: '需要超过半数的组',
      alive: '{alive} 个在线',
      follow: '{n} 个在跟随 | {n} 个在跟随',
      group: '第 {id} 组',
      weight: '×{weight}',
      observers: '观察者',
      tolerates: '可容忍 {n} 个故障 | 可容忍 {n} 个故障',
      toleratesNone: '不能容忍任何故障',
      broken: '没有法定人数',
      both: '生效需要新旧两组成员各自的法定人数都确认。',
      seat: '成员 {id}，{standing}',
      quorum: '{title}：{voters} 个投票者，{alive} 个在线，{tolerance}',
      command: '在 zkCli 中的等价命令',
      copy: '复制命令',
      clear: '没有任何不利之处。',
    },
    confirm: {
      none: '更改成员',
      joins: '添加成员 {id}',
      leaves: '移除成员 {id}',
      observes: '将成员 {id} 改为观察者',
      votes: '将成员 {id} 改为参与者',
      moves: '更改成员 {id} 的地址',
      weighs: '更改成员 {id} 的权重',
      many: '执行这 {n} 项更改',
    },
    running: {
      title: '更改正在进行',
      text: '由领导者提议；旧成员与新成员各自的法定人数都必须确认。',
    },
    done: {
      version: '版本 {version} 已生效。',
      text: '角色有变化的成员正在寻找自己的位置，稍等片刻。',
      settled: '所有投票者都在跟随。',
      waiting: '还有 {n} 个投票者未跟上 | 还有 {n} 个投票者未跟上',
      more: '继续更改',
      close: '完成',
    },
    failed: {
      noAuth: {
        title: '服务器不允许你更改成员。',
        advice:
          '只有超级用户，或 /zookeeper/config 的访问列表允许写入的身份才可以。' +
          '请为服务器设置 superDigest（DigestAuthenticationProvider），并以 super 和对应密码连接，或以 skipACL=yes 启动。',
      },
      outdated: {
        title: '别人先更改了配置。',
        advice: '你的更改没有发送。请重新读取后再作决定。',
      },
    },
    connect: '以其他身份连接…',
    reload: '重新读取',
    refusals: {
      outdated: { title: '配置在此期间被别人更改了。', advice: '请重新读取后再作决定。' },
      'nothing-changes': { title: '没有任何变化。', advice: '服务器上的配置已经如此。' },
      'not-a-member': { title: '不是成员，无法移除：{ids}。', advice: '请重新读取配置。' },
      'comes-and-goes': {
        title: '不能同时离开又加入：{ids}。',
        advice: '请直接修改它，或分两步进行。',
      },
      'listed-twice': { title: '出现了两次：{ids}。', advice: '一个编号只代表一台服务器。' },
      'bad-address': {
        title: '地址无效：{ids}。',
        advice: '主机应为名称或 IP 地址；法定人数端口与选举端口不能相同。',
      },
      'no-client-address': { title: '没有客户端地址：{ids}。', advice: '请填写客户端端口。' },
      'address-taken': {
        title: '成员 {ids} 使用了同一个地址。',
        advice: '主机的每个端口只属于一个成员、一种用途。',
      },
      'step-with-groups': {
        title: '组与权重只能整体替换。',
        advice: '请发送带有分组的完整成员列表。',
      },
      'no-group': {
        title: '不属于任何组的投票者：{ids}。',
        advice: '请把每个参与者放入一个组，或将它改为观察者。',
      },
      'no-voters': { title: '将没有任何投票者。', advice: '请至少保留两个参与者。' },
      'no-leader': {
        title: '目前没有领导者。',
        advice: '请恢复成员，直到选出领导者；只有领导者才能执行更改。',
      },
      'old-quorum-lost': {
        title: '现有的法定人数已失去，无法达成一致。',
        advice: '请恢复其中之一：{ids}。',
      },
      'new-quorum-absent': {
        title: '新配置将没有法定人数。',
        advice:
          '跟随领导者的投票者太少，未跟随的有：{ids}。' +
          '请先启动它们并等待跟上，逐个添加投票者，或先移除已不存在的成员。',
      },
    },
    warnings: {
      unversioned: {
        title: '配置没有版本。',
        advice: '服务器很可能没有启用 reconfigEnabled=true，会拒绝更改。',
      },
      'no-access': {
        title: '服务器很可能不会允许你更改。',
        advice: '只有超级用户可以写入 /zookeeper/config，除非服务器以 skipACL=yes 运行。',
      },
      'one-voter': {
        title: '将只剩一个投票者。',
        advice: '此后不能有任何故障。只有 standaloneEnabled=false 时服务器才接受。',
      },
      'even-voters': {
        title: '投票者为偶数。',
        advice: '少一个也能容忍同样多的故障，奇数更好。',
      },
      'fewer-failures': {
        title: '可容忍的故障比现在少。',
        advice: '请为此做好准备，或再添加一个投票者。',
      },
      'none-may-fail': {
        title: '此后不能有任何成员故障。',
        advice: '再有一个故障，所有写入都会停止，直到它恢复。',
      },
      'leader-leaves': {
        title: '成员 {ids} 是领导者，将会离开。',
        advice: '另一个成员会立即接任，客户端需稍等片刻。',
      },
      'leader-observes': {
        title: '成员 {ids} 是领导者，将只作观察。',
        advice: '另一个成员会立即接任，客户端需稍等片刻。',
      },
      'leader-moves': {
        title: '成员 {ids} 是领导者，地址将会改变。',
        advice: '在它以新地址恢复之前，由另一个成员接任。',
      },
      'voters-unheard': {
        title: '没有回应的投票者：{ids}。',
        advice: '它们计入法定人数却帮不上忙。请先启动它们，并在其 zoo.cfg 中写明所有成员。',
      },
      'voters-looking': {
        title: '没有领导者的投票者：{ids}。',
        advice: '跟随之后才计入。请检查能否连到其他成员的法定人数端口与选举端口。',
      },
      'voters-observing': {
        title: '目前只作观察的投票者：{ids}。',
        advice: '跟随之后就会计入法定人数，只需片刻。',
      },
      'voters-behind': {
        title: '远远落后于领导者的投票者：{ids}。',
        advice: '写入可能要等待。请先让它们跟上。',
      },
      'voters-unknown': {
        title: '无法从这里询问的投票者：{ids}。',
        advice: '只有服务器知道谁在跟随；跟随者太少时它们会拒绝。',
      },
      'leavers-run-on': {
        title: '继续运行但不再投票：{ids}。',
        advice: '那里的客户端仍得到服务。等它们离开后再停止进程。',
      },
    },
  },
} as const;
