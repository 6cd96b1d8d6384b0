/** The one link of this page to the console's service: through the desktop app where there is one, else over the web. */
import { Link } from './link.ts';
import { electronPorts } from './port-electron.ts';
import { webPorts } from './port-web.ts';

export const consoleLink = new Link(
  window.zabring === undefined ? webPorts(window.location) : electronPorts(window.zabring),
);
