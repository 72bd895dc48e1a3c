// 简体中文。

import type * as en from "./en.ts";

export const launcher: en.Translation<typeof en.launcher> = { open: "打开在线客服", unreadMessages: "条未读消息", close: "关闭聊天窗口", dismiss: "关闭" };

export const widget: en.Translation<typeof en.widget> = {
  title: "在线客服", hello: "您好！有什么可以帮您？", helloMore: "给我们留言，我们会在这里回复您。", online: "随时为您服务",
  backAt: "{time} 恢复服务", closedNow: "当前为非工作时间", awayNote: "当前为非工作时间。请留言，我们会在这里回复您。", awayUntil: "我们将于{time}恢复服务。请先留言，我们会在这里回复您。",
  close: "关闭聊天窗口", write: "输入消息…", send: "发送", message: "消息", conversation: "会话", you: "我", agent: "客服", bot: "智能助手",
  typing: "{name} 正在输入…", sending: "发送中…", sent: "已发送", delivered: "已送达", read: "已读", edited: "已编辑", recalled: "消息已撤回",
  failed: "发送失败", retry: "重试", discard: "删除", older: "加载更早的消息", connecting: "正在连接…",
  waiting: "连接已断开，正在重连…", waitingFor: "连接已断开，{seconds} 秒后重试", offline: "网络不可用，恢复后会自动发送消息。",
  ended: "连接已关闭。", replaced: "会话已在其他窗口打开。", again: "重新连接",
  tooMany: "请求过于频繁，{seconds} 秒后重试…", slow: "消息发送过于频繁。", slowFor: "{seconds} 秒后可继续发送。", queue: "您前面还有人，当前排在第 {place} 位", queueFirst: "即将轮到您",
  queueMinutes: "预计等待约 {minutes} 分钟", queueSoon: "预计不到 1 分钟", newest: "回到最新消息",
  today: "今天", yesterday: "昨天", more: "更多", menu: "菜单", soundOn: "打开提示音", soundOff: "关闭提示音", transcript: "下载聊天记录",
  askHuman: "转人工客服", askBot: "咨询智能助手", emoji: "表情", attach: "发送文件", drop: "松开即可发送文件",
  image: "图片", file: "文件", download: "下载", openImage: "查看图片 {name}", closeImage: "关闭图片", gone: "文件无法加载。", upload: "正在上传 {name}",
  cancel: "取消", dismiss: "关闭", tooLarge: "文件过大。", uploadFailed: "文件发送失败。", uploadWait: "{seconds} 秒后继续",
  replies: "快捷回复",
  rateThanks: "感谢您的评价！", reopenHint: "会话已结束，继续输入可重新打开。",
 
  "conversation.assigned": "{name} 为您服务", "conversation.transferred": "会话已转接给 {name}", "conversation.closed": "会话已结束",
  "conversation.reopened": "会话已重新打开", "conversation.rated": "您已评价本次服务", "conversation.queued": "会话回到队列",
  toHuman: "您请求了人工客服", toBot: "智能助手为您服务", other: "会话状态更新", unsupported: "暂时无法显示这种消息", problem: "操作未成功：",
  nobody: "现在没有客服在线", joins: "通常 {minutes} 分钟内接待", joinsSoon: "通常 1 分钟内接待", byMail: "通过邮件接收回复",
  newTab: "（在新标签页打开）", aiMark: "AI",
};

export const forms: en.Translation<typeof en.forms> = {
  submit: "提交", choose: "请选择…", required: "请填写此项", badEmail: "邮箱格式不正确", answered: "已提交", rateTitle: "请为本次服务评分", rateStar: "{n} 分（满分 5 分）",
  rateComment: "还想说点什么？（选填）", rateSend: "提交评价", rateLater: "以后再说", name: "姓名", email: "邮箱", start: "开始咨询", before: "开始之前", leave: "留言",
  leaveText: "现在没有客服在线。请留言并留下邮箱，我们会通过邮件和这里回复您。", text: "留言内容", sendMessage: "提交留言", instead: "直接在聊天中留言", left: "感谢您的留言！我们会回复到 {email}。",
};

export const console: en.Translation<typeof en.console> = {
  title: "uniqchat 客服台", email: "邮箱", password: "密码", tenant: "企业标识", login: "登录", loggingIn: "正在登录…",
  badLogin: "邮箱或密码不正确。", noServer: "无法连接服务器，请稍后重试。", tenantNeeded: "该邮箱属于多个企业，请填写企业标识。",
  logout: "退出", queued: "排队中", open: "进行中", closed: "已结束", emptyQueue: "没有排队的会话", emptyOpen: "没有进行中的会话",
  emptyClosed: "没有已结束的会话", pick: "请选择左侧的会话", visitor: "访客", you: "我", agent: "客服", system: "系统",
  online: "在线", busy: "忙碌", away: "离开", offline: "离线", status: "我的状态", connecting: "正在连接…", waiting: "连接已断开，正在重连…",
  ended: "连接已结束：", connected: "已连接", assign: "由我接待", close: "结束会话", reopen: "重新打开", write: "输入消息，回车发送", send: "发送",
  typing: "正在输入", sending: "发送中", sent: "已发送", read: "已读", failed: "发送失败", retry: "重试", discard: "删除", back: "返回",
  older: "加载更早的消息", loading: "正在加载…", language: "English", waitedFor: "已等待", unread: "条未读", message: "消息",
  "conversation.created": "会话开始", "conversation.assigned": "由 {name} 接待", "conversation.transferred": "会话已转接",
  "conversation.closed": "会话已结束", "conversation.reopened": "会话重新打开", "conversation.queued": "会话回到队列", other: "会话状态更新",
  actionFailed: "操作未成功：", now: "刚刚", min: "分钟", hour: "小时", noMessage: "暂无消息", list: "会话列表",
  more: "加载更多", internal: "内部备注", slow: "发送过快，请稍候。", again: "重新连接", unsupported: "暂时无法显示这种消息",
  viewer: "您只能查看，不能回复。",
};

export const demo: en.Translation<typeof en.demo> = {
  title: "一隅小铺",
  tagline: "小物件，用心做。",
  intro: "这是演示商店，商品仅供展示，聊天是真的：点击右下角，给我们留言吧。",
  browse: "浏览商品",
  ask: "有问题？直接问",
  collection: "全部商品",
  add: "加入购物袋",
  added: "已加入",
  bag: "购物袋",
  language: "English",
  languageLabel: "切换到英文",
  shipping: "满 ¥299 包邮",
  returns: "30 天无忧退换",
  support: "真人客服",
  shippingText: "手工打包，当天发货。",
  returnsText: "改变主意？寄回即可，无需理由。",
  supportText: "有任何问题，请在聊天中告诉我们。",
  footer: "uniqchat 演示商店，商品均不出售。",
  consoleLink: "以客服身份回复",
  mug: "粗陶马克杯",
  mugText: "手工拉坯，雾色釉面",
  bagName: "帆布托特包",
  bagText: "装得下一周的菜",
  lamp: "桌面台灯",
  lampText: "暖光，可调亮度",
  plant: "琴叶榕盆栽",
  plantText: "越养越喜欢",
  shoes: "帆布运动鞋",
  shoesText: "35 至 46 码",
  book: "点阵笔记本",
  bookText: "192 页，平摊好写",
};
