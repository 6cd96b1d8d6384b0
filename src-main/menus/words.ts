/** The few words the system's menus need, in the languages of the interface. */

export interface MenuWords {
  readonly file: string;
  readonly edit: string;
  readonly view: string;
  readonly window: string;
  readonly help: string;
  readonly about: string;
  readonly services: string;
  readonly hide: string;
  readonly hideOthers: string;
  readonly showAll: string;
  readonly quit: string;
  readonly showDataFolder: string;
  readonly showLogs: string;
  readonly close: string;
  readonly undo: string;
  readonly redo: string;
  readonly cut: string;
  readonly copy: string;
  readonly paste: string;
  readonly selectAll: string;
  readonly reload: string;
  readonly actualSize: string;
  readonly zoomIn: string;
  readonly zoomOut: string;
  readonly fullScreen: string;
  readonly developerTools: string;
  readonly minimize: string;
  readonly zoom: string;
  readonly bringToFront: string;
}

const ENGLISH: MenuWords = {
  file: 'File',
  edit: 'Edit',
  view: 'View',
  window: 'Window',
  help: 'Help',
  about: 'About Zabring',
  services: 'Services',
  hide: 'Hide Zabring',
  hideOthers: 'Hide Others',
  showAll: 'Show All',
  quit: 'Quit Zabring',
  showDataFolder: 'Show Data Folder',
  showLogs: 'Show Logs',
  close: 'Close Window',
  undo: 'Undo',
  redo: 'Redo',
  cut: 'Cut',
  copy: 'Copy',
  paste: 'Paste',
  selectAll: 'Select All',
  reload: 'Reload',
  actualSize: 'Actual Size',
  zoomIn: 'Zoom In',
  zoomOut: 'Zoom Out',
  fullScreen: 'Full Screen',
  developerTools: 'Developer Tools',
  minimize: 'Minimize',
  zoom: 'Zoom',
  bringToFront: 'Bring All to Front',
};

const CHINESE: MenuWords = {
  file: '文件',
  edit: '编辑',
  view: '视图',
  window: '窗口',
  help: '帮助',
  about: '关于 Zabring',
  services: '服务',
  hide: '隐藏 Zabring',
  hideOthers: '隐藏其他',
  showAll: '全部显示',
  quit: '退出 Zabring',
  showDataFolder: '打开数据文件夹',
  showLogs: '打开日志文件夹',
  close: '关闭窗口',
  undo: '撤销',
  redo: '重做',
  cut: '剪切',
  copy: '复制',
  paste: '粘贴',
  selectAll: '全选',
  reload: '重新加载',
  actualSize: '实际大小',
  zoomIn: '放大',
  zoomOut: '缩小',
  fullScreen: '全屏',
  developerTools: '开发者工具',
  minimize: '最小化',
  zoom: '缩放',
  bringToFront: '前置全部窗口',
};

/** @param locale as the system writes it, `zh-CN` or `en-GB` */
export function menuWords(locale: string): MenuWords {
  return locale.toLowerCase().split('-')[0] === 'zh' ? CHINESE : ENGLISH;
}
