// The console's words. A language is one more object of this shape.

export type Lang = "zh" | "en";

const zh = {
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
};

const en: typeof zh = {
  title: "uniqchat console", email: "E-mail", password: "Password", tenant: "Tenant", login: "Log in", loggingIn: "Logging in…",
  badLogin: "E-mail or password is wrong.", noServer: "The server can't be reached. Try again in a moment.",
  tenantNeeded: "This address is in several tenants: name the one you want.", logout: "Log out", queued: "Waiting", open: "Open",
  closed: "Closed", emptyQueue: "Nobody is waiting", emptyOpen: "No open conversations", emptyClosed: "No closed conversations",
  pick: "Choose a conversation", visitor: "Visitor", you: "You", agent: "Agent", system: "System", online: "Online", busy: "Busy",
  away: "Away", offline: "Offline", status: "My status", connecting: "Connecting…", waiting: "Connection lost, reconnecting…",
  ended: "Connection ended: ", connected: "Connected", assign: "Take it", close: "Close", reopen: "Reopen",
  write: "Write a message, Enter sends", send: "Send", typing: "is typing", sending: "Sending", sent: "Sent", read: "Read",
  failed: "Not sent", retry: "Try again", discard: "Delete", back: "Back", older: "Load earlier messages", loading: "Loading…",
  language: "中文", waitedFor: "waiting", unread: "unread", message: "Message", "conversation.created": "Conversation started",
  "conversation.assigned": "{name} takes care of it", "conversation.transferred": "Conversation transferred",
  "conversation.closed": "Conversation closed", "conversation.reopened": "Conversation reopened",
  "conversation.queued": "Back in the queue", other: "Conversation updated", actionFailed: "That did not work: ", now: "just now",
  min: "min", hour: "h", noMessage: "No messages yet", list: "Conversations",
};

export type Texts = typeof zh;

const all: Record<Lang, Texts> = { zh, en };

/** The chosen language, or the browser's, or Chinese. */
export function language(): Lang {
  const chosen = localStorage.getItem("uniqchat:console:lang");
  if (chosen === "zh" || chosen === "en") return chosen;
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
}

export function texts(lang: Lang): Texts {
  return all[lang];
}
