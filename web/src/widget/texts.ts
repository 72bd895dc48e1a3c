// The widget's words. A language is one more object of this shape.

const zh = {
  open: "打开在线客服", close: "关闭聊天窗口", title: "在线客服", hello: "您好！有什么可以帮您？", helloMore: "发送消息，我们会尽快回复。",
  write: "输入消息…", send: "发送", message: "消息", you: "我", agent: "客服", typing: "对方正在输入…", sending: "发送中", sent: "已发送", read: "已读",
  failed: "发送失败", retry: "重试", discard: "删除", older: "加载更早的消息", connecting: "正在连接…", waiting: "连接已断开，正在重连…",
  offline: "网络不可用，消息会在恢复后发送。", ended: "连接已结束：", slow: "发送过快，请稍候。", unread: "条未读消息",
  "conversation.created": "会话开始", "conversation.assigned": "{name} 为您服务", "conversation.transferred": "会话已转接",
  "conversation.closed": "会话已结束，继续输入可重新打开", "conversation.reopened": "会话已重新打开", other: "会话状态更新",
};

export type Texts = typeof zh;

const en: Texts = {
  open: "Open chat", close: "Close chat", title: "Chat with us", hello: "Hello! How can we help?", helloMore: "Write to us, we answer as soon as we can.",
  write: "Write a message…", send: "Send", message: "Message", you: "You", agent: "Agent", typing: "is typing…", sending: "Sending", sent: "Sent", read: "Read",
  failed: "Not sent", retry: "Try again", discard: "Delete", older: "Load earlier messages", connecting: "Connecting…", waiting: "Connection lost, reconnecting…",
  offline: "You are offline; messages will be sent later.", ended: "Connection ended: ", slow: "Too fast, one moment.", unread: "unread messages",
  "conversation.created": "Conversation started", "conversation.assigned": "{name} is here for you", "conversation.transferred": "Conversation transferred",
  "conversation.closed": "Conversation closed. Write to reopen it.", "conversation.reopened": "Conversation reopened", other: "Conversation updated",
};

const all: Record<string, Texts> = { zh, en };

/** The words for a locale: the language if there is one, else English. */
export function texts(locale: string): Texts {
  return all[locale.toLowerCase().split("-")[0] ?? ""] ?? en;
}
