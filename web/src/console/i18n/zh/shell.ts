import type { Texts } from "../texts.ts";

export const shell: Texts["shell"] = {
  title: "uniqchat", inbox: "会话", visitors: "访客", reports: "报表", settings: "设置", search: "搜索", palette: "搜索或跳转…",
  paletteEmpty: "没有找到", goTo: "前往", actions: "操作", people: "会话", shortcuts: "键盘快捷键", menu: "我的账号", status: "我的状态", online: "在线", busy: "忙碌",
  away: "离开", offline: "离线", language: "语言", colours: "外观", light: "浅色", dark: "深色", auto: "跟随系统", logout: "退出登录",
  connecting: "正在连接…", connected: "已连接", waiting: "连接已断开，{n} 秒后重试", ended: "连接已关闭：{reason}", again: "重新连接",
  replaced: "已在别处打开", sound: "提示音", desktop: "桌面通知", desktopDenied: "浏览器已禁止本站发送通知。", newMessage: "新消息", newWaiting: "{name} 正在排队",
  notFound: "这里什么都没有", notFoundText: "地址可能有误，或内容已不存在。", toInbox: "返回会话", broken: "页面出错了", brokenText: "重新加载通常可以解决。",
  reload: "重新加载", save: "保存", cancel: "取消", close: "关闭", remove: "删除", edit: "编辑", add: "添加", create: "创建", back: "返回", more: "更多", copy: "复制", copied: "已复制", notCopied: "浏览器不允许复制，请手动选中文字复制。", saved: "已保存",
  done: "完成", retry: "重试", loading: "正在加载…", none: "无", all: "全部", yes: "是", no: "否", name: "名称", required: "请填写此项", tooLong: "超出 {n} 个字", lengthOf: "{n} / {most} 字",
  noServer: "无法连接服务器，请稍后重试。", failed: "操作未成功：{reason}", forbidden: "您的角色没有此权限。", loadMore: "加载更多", you: "我", go: "再按",
  general: "任意页面", list: "会话列表", conversation: "会话", keyPalette: "命令面板", keyHelp: "键盘快捷键", keyGoInbox: "前往会话", keyGoVisitors: "前往访客", keyGoReports: "前往报表",
  keyGoSettings: "前往设置", skip: "跳到正文", roles: { owner: "所有者", admin: "管理员", supervisor: "主管", agent: "客服", viewer: "只读" },
  leftOut: {
    presence: "当前访客非常多，在线状态可能不准确；所有消息照常送达。", typing: "当前访客非常多，暂不显示在线与输入状态；所有消息照常送达。",
    board: "当前访客非常多，实时看板暂停更新，暂不显示在线与输入状态；所有消息照常送达。",
    ai: "当前访客非常多，机器人暂停应答，实时看板暂停更新，暂不显示在线与输入状态；所有消息照常送达。",
  },
};

export const time: Texts["time"] = { now: "刚刚", seconds: "{n} 秒", minutes: "{n} 分钟", hours: "{n} 小时", days: "{n} 天", today: "今天", yesterday: "昨天" };
