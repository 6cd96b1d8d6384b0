/** What the window and the main process call their few messages. The page sees none of this but PORT. */

/** From the window: it wants a port to the console. */
export const REQUEST_PORT = 'zabring:request-port';
/** To the window, with the port; the preload hands both on to the page under the same name. */
export const PORT = 'zabring:port';
/** From the window: open the folder that holds the data. */
export const SHOW_DATA_FOLDER = 'zabring:show-data-folder';
