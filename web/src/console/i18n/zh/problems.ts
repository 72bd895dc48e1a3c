import type { Texts } from "../texts.ts";

export const problems: Texts["problems"] = {
  codes: {
    name_taken: "已有相同的项目。", email_taken: "该邮箱已被其他客服使用。", stale: "其他人刚刚修改了它。请关闭后重新打开，再次修改。", too_many: "数量已达上限，请先删除一些。",
    self: "不能停用自己，也不能修改自己的角色。", owner_only: "只有所有者才能修改或任命所有者。", team_in_use: "该小组还有未关闭的会话，请先转接。", role_not_allowed: "您的角色没有此权限。",
    agent_disabled: "该客服已停用。", already_accepted: "该客服已设置过密码。", wrong_password: "密码不正确。", password_common: "这个密码太常见，很容易被猜到。", password_same: "新密码与当前密码相同。", password_invalid: "不能用作密码。",
    totp_invalid: "验证码不正确或已使用过。", totp_enabled: "两步验证已经开启。", webhook_not_active: "该 Webhook 未启用，请先恢复。", too_many_webhooks: "Webhook 数量已达上限。",
    too_many_exports: "有多个导出正在生成，请等待或删除其中一个。", too_many_attempts: "错误次数过多，请稍后再试。", too_many_mails: "发送的邮件过多，请稍后再试。", origin_invalid: "其中有的不是完整来源，例如 https://shop.example.com。",
    // 知识库
    document_too_large: "文档超过本服务器的大小限制，请拆分。", knowledge_full: "全部文档的总大小已达上限，请先删除一些。", format_unknown: "只能读取 PDF、Word（.docx）、Markdown（.md）、HTML（.html）、文本（.txt）和表格（.csv、.tsv）。", file_protected: "该文件有密码保护，请另存为不带密码的文件。", file_without_text: "文件中没有文字，无法识别图片中的文字。", file_unreadable: "文件已损坏，或与扩展名不符。", not_text: "该文件不是 UTF-8、UTF-16 或 GB 18030 的文本。", no_such_version: "该版本已不再保留。", no_canary: "当前没有正在试用的版本。", knowledge_off: "本服务器没有知识库。",
    // 消息与会话
    too_late: "消息只能在发送后 15 分钟内修改。", message_recalled: "消息已撤回。", not_yours: "只有发送者本人可以这样做。", system_message: "系统消息不能修改。", unknown_label: "这个标签已不存在。", already_assigned: "已有其他客服接待此会话。",
    conversation_open: "该访客有另一个未结束的会话。", no_address: "没有该访客的邮箱地址。", mail_not_configured: "本服务器未配置邮件发送。", being_erased: "正在抹除此人的数据。", erased: "此人的数据已被抹除。", tenant_erased: "数据已被抹除。", keys_unavailable: "暂时无法读取数据，请稍后重试。", too_many_questions: "您还有多个问题正在等待回答，请稍候。",
    // 文件
    file_too_large: "文件超过了本服务器允许的大小。", image_too_large: "图片的像素过多。", file_empty: "文件是空的。", file_broken: "文件已损坏，无法读取。", file_type_not_allowed: "不支持这种文件。可以发送图片、PDF、办公文档、文本、ZIP、音频和视频。", file_type_mismatch: "文件内容与扩展名不符。", archive_bomb: "压缩包解压后过大。", not_an_image: "该文件不是图片。",
    quota_exceeded: "文件存储空间已满。", uploads_unsent: "已上传而未发送的文件过多，请稍后再试。", upload_not_found: "文件已不存在。", upload_sent: "该文件已随消息发送，请撤回消息。", files_unavailable: "暂时无法存取文件，请稍后重试。",
  },
  fields: { short: "至少 {n} 个字符。", long: "最多 {n} 个字符。", length: "须为 {n} 到 {most} 个字符。", least: "不能小于 {n}。", most: "不能大于 {n}。", range: "须在 {n} 到 {most} 之间。", many: "最多 {n} 项。", email: "不是有效的邮箱地址。", url: "不是有效的网址，例如 https://example.com。" },
  conflict: "当前状态不允许此操作，情况可能刚刚有变。",
  detailed: "{what}（{detail}）",
  refused: { e400: "消息的内容或格式不符合要求", e403: "您无权在此发送", e404: "会话不存在，或您无权查看", e409: "会话的当前状态不允许发送", e413: "内容过长或过大", e507: "存储空间已满", other: "服务器出错" },
};
