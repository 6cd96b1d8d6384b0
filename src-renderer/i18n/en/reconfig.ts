/** English words for changing who belongs to an ensemble: the form, the preview, what speaks against it, what came of it. */
export const reconfig = {
  reconfig: {
    title: 'Change the membership of {name}',
    about:
      'Nothing is sent before you confirm. The preview shows what the change would do to the quorum, as every member stands now.',
    open: 'Change membership…',
    menu: {
      remove: 'Remove from the ensemble…',
      observe: 'Make an observer…',
      vote: 'Make a participant…',
    },
    loading: 'Reading the configuration…',
    again: 'Try again',
    members: 'Members',
    version: 'from version {version}',
    add: 'Add a member',
    edit: 'Edit member {id}',
    fold: 'Close the fields of member {id}',
    remove: 'Remove member {id}',
    takeBack: 'Keep member {id}',
    discard: 'Discard member {id}',
    restore: 'As it was',
    role: 'Role of member {id}',
    roles: { participant: 'Participant', observer: 'Observer' },
    marks: {
      joins: 'joins',
      leaves: 'leaves',
      observes: 'observes',
      votes: 'votes',
      edited: 'edited',
    },
    fields: {
      id: 'Id',
      host: 'Host',
      quorumPort: 'Quorum port',
      electionPort: 'Election port',
      clientHost: 'Clients connect to host',
      clientPort: 'Client port',
      group: 'Group',
      weight: 'Weight',
      sameHost: 'the same',
    },
    problems: {
      missing: 'Missing',
      'not-a-port': '1 to 65535',
      'same-ports': 'The quorum port already',
      'not-an-id': '0 to 255',
      'id-taken': 'Taken',
      'not-a-number': 'A whole number',
    },
    clientNote: 'A member that changes must say where its clients connect.',
    standings: {
      leads: 'leads',
      follows: 'follows',
      observes: 'observes',
      looks: 'has no leader',
      unheard: 'not heard',
      unknown: 'cannot be asked',
    },
    lag: '{count} behind',
    preview: {
      title: 'Preview',
      now: 'Now',
      after: 'After',
      same: 'Change something, and what it would do stands here.',
      fields: 'Complete the fields to see what this would do.',
      planning: 'Asking the members…',
      needed: '{needed} of {voters} needed',
      byGroups: 'more than half of the groups',
      alive: '{alive} alive',
      follow: '{n} follows now | {n} follow now',
      group: 'Group {id}',
      weight: '×{weight}',
      observers: 'Observers',
      tolerates: 'tolerates {n} failure | tolerates {n} failures',
      toleratesNone: 'tolerates no failure',
      broken: 'no quorum',
      both: 'To take effect, a quorum of both must acknowledge it.',
      seat: 'Member {id}, {standing}',
      quorum: '{title}: {voters} voters, {alive} alive, {tolerance}',
      command: 'The same in zkCli',
      copy: 'Copy the command',
      clear: 'Nothing speaks against it.',
    },
    confirm: {
      none: 'Change membership',
      joins: 'Add member {id}',
      leaves: 'Remove member {id}',
      observes: 'Make member {id} an observer',
      votes: 'Make member {id} a participant',
      moves: 'Change the addresses of member {id}',
      weighs: 'Change the weight of member {id}',
      many: 'Make this change | Make these {n} changes',
    },
    running: {
      title: 'The change is under way',
      text: 'The leader proposes it; a quorum of the old members and one of the new must acknowledge.',
    },
    done: {
      version: 'Version {version} is in force.',
      text: 'Members whose part changed look for their place; this takes a moment.',
      settled: 'Every voter follows.',
      waiting: '{n} voter does not follow yet | {n} voters do not follow yet',
      more: 'Change more',
      close: 'Done',
    },
    failed: {
      noAuth: {
        title: 'The servers do not let you change the membership.',
        advice:
          'Only a superuser may, or whom the list of /zookeeper/config lets write. ' +
          'Give the servers a superDigest (DigestAuthenticationProvider) and connect as super with its password, ' +
          'or start them with skipACL=yes.',
      },
      outdated: {
        title: 'Somebody else changed the configuration first.',
        advice: 'Nothing of yours was sent. Read it anew, and decide again.',
      },
    },
    connect: 'Connect as somebody else…',
    reload: 'Read it anew',
    refusals: {
      outdated: {
        title: 'Somebody else changed the configuration meanwhile.',
        advice: 'Read it anew, and decide again.',
      },
      'nothing-changes': {
        title: 'Nothing changes.',
        advice: 'The servers have exactly this already.',
      },
      'not-a-member': {
        title: 'Not to be removed, as they are no members: {ids}.',
        advice: 'Read the configuration anew.',
      },
      'comes-and-goes': {
        title: 'Not to leave and join at once: {ids}.',
        advice: 'Change it in place, or in two steps.',
      },
      'listed-twice': { title: 'Listed twice: {ids}.', advice: 'Every id stands for one server.' },
      'bad-address': {
        title: 'Addresses that cannot be ones: {ids}.',
        advice: 'A host is a name or an IP address; the quorum and the election port differ.',
      },
      'no-client-address': {
        title: 'Without a client address: {ids}.',
        advice: 'Fill in the client port.',
      },
      'address-taken': {
        title: 'Members {ids} share an address.',
        advice: 'Every port of a host belongs to one member and one purpose.',
      },
      'step-with-groups': {
        title: 'Groups and weights can only be replaced as a whole.',
        advice: 'Send the whole list of members with their groups.',
      },
      'no-group': {
        title: 'Voters without a group: {ids}.',
        advice: 'Put every participant into a group, or make it an observer.',
      },
      'no-voters': { title: 'Nobody would vote.', advice: 'Keep at least two participants.' },
      'no-leader': {
        title: 'Nobody leads at present.',
        advice:
          'Bring members back until they elect a leader; only a leader can carry out a change.',
      },
      'old-quorum-lost': {
        title: 'The present quorum is lost, so it cannot agree.',
        advice: 'Bring back one of: {ids}.',
      },
      'new-quorum-absent': {
        title: 'The new configuration would have no quorum.',
        advice:
          'Too few of its voters follow the leader; not with it: {ids}. ' +
          'Start them and wait until they follow, add voters one at a time, or remove members that are gone first.',
      },
    },
    warnings: {
      unversioned: {
        title: 'The configuration has no version.',
        advice: 'The servers most likely run without reconfigEnabled=true, and will refuse.',
      },
      'no-access': {
        title: 'The servers will most likely not let you.',
        advice: 'Only a superuser may write /zookeeper/config, unless they run with skipACL=yes.',
      },
      'one-voter': {
        title: 'One voter would be left.',
        advice: 'Nothing may fail then. Servers accept it only with standaloneEnabled=false.',
      },
      'even-voters': {
        title: 'An even number of voters.',
        advice: 'One fewer would tolerate as many failures. Odd numbers are better.',
      },
      'fewer-failures': {
        title: 'Fewer failures are tolerated than now.',
        advice: 'Plan for that, or add a voter.',
      },
      'none-may-fail': {
        title: 'After this no member may fail.',
        advice: 'One more failure stops all writes until it is back.',
      },
      'leader-leaves': {
        title: 'Member {ids} leads and would leave.',
        advice: 'Another one takes over at once; clients wait for a moment.',
      },
      'leader-observes': {
        title: 'Member {ids} leads and would only observe.',
        advice: 'Another one takes over at once; clients wait for a moment.',
      },
      'leader-moves': {
        title: 'Member {ids} leads and would move.',
        advice: 'Another one takes over until it is back at its new address.',
      },
      'voters-unheard': {
        title: 'Voters not heard: {ids}.',
        advice:
          'Counted for the quorum, and no help to it. Start them first, with all members in their zoo.cfg.',
      },
      'voters-looking': {
        title: 'Voters without a leader: {ids}.',
        advice:
          'They count once they follow. See whether the others’ quorum and election ports are reached.',
      },
      'voters-observing': {
        title: 'Voters that observe now: {ids}.',
        advice: 'They help the quorum as soon as they follow, in a moment.',
      },
      'voters-behind': {
        title: 'Voters far behind the leader: {ids}.',
        advice: 'Writes may have to wait. Let the others catch up first.',
      },
      'voters-unknown': {
        title: 'Voters that cannot be asked from here: {ids}.',
        advice: 'Only the servers know who follows; they refuse if too few do.',
      },
      'leavers-run-on': {
        title: 'Runs on without a vote: {ids}.',
        advice: 'Clients are still served there. Stop the process when they have gone.',
      },
    },
  },
} as const;
