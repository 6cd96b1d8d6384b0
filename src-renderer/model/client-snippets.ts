/** How the usual clients are told where to connect: commands and code to copy. */

export interface Snippet {
  readonly id: 'zkcli' | 'kazoo' | 'java' | 'node';
  readonly title: string;
  readonly code: string;
}

export function clientSnippets(connect: string): readonly Snippet[] {
  return [
    {
      id: 'zkcli',
      title: 'zkCli.sh',
      code: `zkCli.sh -server ${connect}

create /hello "world"
get -s /hello
ls -R /`,
    },
    {
      id: 'kazoo',
      title: 'Python · kazoo',
      code: `from kazoo.client import KazooClient

zk = KazooClient(hosts="${connect}")
zk.start()
print(zk.get_children("/"))`,
    },
    {
      id: 'java',
      title: 'Java',
      code: `import org.apache.zookeeper.ZooKeeper;

ZooKeeper zk = new ZooKeeper("${connect}", 15_000, event -> {});
System.out.println(zk.getChildren("/", false));`,
    },
    {
      id: 'node',
      title: 'Node.js',
      code: `const zookeeper = require('node-zookeeper-client');

const client = zookeeper.createClient('${connect}');
client.once('connected', () => {
  client.getChildren('/', (error, names) => console.log(names));
});
client.connect();`,
    },
  ];
}
