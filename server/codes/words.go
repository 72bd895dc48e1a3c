package codes

import "strings"

// words are the sentences that visitors and agents meet, in Chinese; "%" stands for whatever the sentence tells in that place. What
// only programs meet is not here.
var words = map[string]string{
	// The visitor.
	"you have been blocked":                                           "您已被限制使用在线客服",
	"not allowed here":                                                "此处不允许使用在线客服",
	"the token is not valid (any more)":                               "登录凭证已失效，请刷新页面",
	"the token is not valid":                                          "登录凭证无效，请刷新页面",
	"the token has expired":                                           "登录凭证已过期，请刷新页面",
	"the token was revoked; log in again":                             "登录凭证已被撤销，请重新登录",
	"the token was revoked":                                           "登录凭证已被撤销",
	"the credential was revoked":                                      "登录凭证已被撤销",
	"the signature of the identity is wrong":                          "身份签名不正确",
	"the identity token has expired or has no exp":                    "身份令牌已过期或缺少 exp",
	"there is no such site key":                                       "站点密钥不存在",
	"this site key may not be used on %":                              "此站点密钥不能用于 %",
	"this token is not a visitor's of this site":                      "此凭证不属于本站点的访客",
	"this person is being erased; come back in a moment":              "您的资料正在删除，请稍后再来",
	"replaced by a newer connection of the same device":               "已在同一设备的另一处打开",
	"storage is not available; try again":                             "服务暂时不可用，请重试",
	"the server is busy; send again":                                  "服务繁忙，请重新发送",
	"the database is behind; try again":                               "服务繁忙，请重试",
	"this took too long; try again":                                   "处理超时，请重试",
	"come in again":                                                   "请重新连接",
	"internal error":                                                  "服务器内部错误",
	"something went wrong here; the request id helps to find it":      "服务器出错了，请求编号可帮助查找原因",
	"too many requests; slow down":                                    "请求过于频繁，请稍后再试",
	"too many requests of this tenant; slow down":                     "请求过于频繁，请稍后再试",
	"too many connections; try again later":                           "连接过多，请稍后再试",
	"too many messages; slow down":                                    "发送过于频繁，请稍后再试",
	"too many unacknowledged messages":                                "发送过于频繁，请稍后再试",
	"too many packets; slow down":                                     "请求过于频繁，请稍后再试",
	"too many packets":                                                "请求过于频繁",
	"too many messages; they are all here, wait for an answer":        "您的留言均已收到，请等待回复",
	"too many wrong attempts; try again later":                        "错误次数过多，请稍后再试",
	"too many mails were sent; try again later":                       "发送的邮件过多，请稍后再试",
	"nobody knows an address of the visitor that mail can be sent to": "没有可用的访客邮箱地址",
	"no mail is sent here: the operator must set smtp.host first":     "尚未配置邮件发送：请先由运维人员设置 smtp.host",
	"text: is only blanks":                                            "内容不能为空",
	"email: is no e-mail address":                                     "邮箱地址格式不正确",
	"body has % bytes; the limit is %":                                "内容有 % 字节，上限为 % 字节",
	"the conversation changes too fast; try again":                    "会话变化过快，请重试",
	"the conversation changes too fast; send again":                   "会话变化过快，请重新发送",
	"there is no such conversation":                                   "会话不存在",
	"there is no such message":                                        "消息不存在",
	"only the visitor rates a conversation":                           "只有访客可以评价会话",
	"a message can be changed for 15 minutes after it was sent":       "消息只能在发送后 15 分钟内修改",
	"only who sent a message may edit it":                             "只能修改自己发送的消息",
	"only who sent a message, or a supervisor, may recall it":         "只有发送者或主管可以撤回消息",
	"the message was recalled":                                        "消息已撤回",
	"what the system says can't be changed":                           "系统消息不能修改",

	// Files.
	"there is no such upload":                              "文件不存在",
	"there is no such upload for this conversation":        "此会话中没有该文件",
	"the upload is no image: send it as a file":            "该文件不是图片，请作为文件发送",
	"only who sent a file up may delete it":                "只有上传者可以删除文件",
	"this node keeps no files":                             "服务器未开启文件上传",
	"there is no room for files":                           "文件存储空间已满",
	"one file at a time":                                   "每次只能上传一个文件",
	"the file is empty":                                    "文件为空",
	"a file may have % MiB":                                "文件不能超过 % MiB",
	"a file may have % bytes":                              "文件不能超过 % 字节",
	"files of this type are not taken; these are: %":       "不支持此类型的文件，支持的类型有：%",
	"the file's content (%) is not what its name says (%)": "文件内容（%）与文件名（%）不符",
	"the image has too many pixels":                        "图片尺寸过大",
	"the image can't be read":                              "无法读取图片",
	"the image can't be read: %":                           "无法读取图片：%",
	"the archive's directory can't be read":                "无法读取压缩包",
	"the archive unpacks to too much":                      "压缩包解压后过大",

	// The agent.
	"your role does not allow this":                                       "您的角色无权进行此操作",
	"an API token can't do this; log in":                                  "API 令牌无权进行此操作，请登录",
	"only an owner may do this to an owner":                               "只有所有者可以对所有者进行此操作",
	"you can't disable yourself or change your own role":                  "不能停用自己或更改自己的角色",
	"another agent has this e-mail address":                               "已有客服使用此邮箱地址",
	"the agent is disabled":                                               "该客服已停用",
	"agent % can't be given conversations":                                "不能将会话分配给 %",
	"somebody else has accepted it":                                       "已被其他客服接入",
	"the conversation is closed":                                          "会话已结束",
	"the conversation is closed; reopen it first":                         "会话已结束，请先重新打开",
	"the conversation has changed in the meantime; read it again":         "会话已有变化，请刷新后重试",
	"it has changed in the meantime; read it again":                       "内容已有变化，请刷新后重试",
	"there is no such label":                                              "标签不存在",
	"a conversation may have at most % labels":                            "一个会话最多 % 个标签",
	"until: must be in the future, and within a year":                     "时间必须在未来一年之内",
	"the team has conversations that are not closed; transfer them first": "该小组还有未结束的会话，请先转接",
	"the person was erased":                                               "该访客的资料已删除",
	"the e-mail address or password is wrong":                             "邮箱地址或密码错误",
	"the current password is wrong":                                       "当前密码错误",
	"the new password is the old one":                                     "新密码与旧密码相同",
	"the password was changed by somebody else just now":                  "密码刚刚已被他人修改",
	"a password needs at least % characters":                              "密码至少需要 % 个字符",
	"a password has at most % bytes":                                      "密码最多 % 字节",
	"this password is among the first that anyone tries; take another":    "该密码过于常见，请换一个",
	"the code is wrong or was used already":                               "验证码错误或已被使用",
	"the challenge is not valid (any more); log in again":                 "登录已超时，请重新登录",
	"the refresh token is not valid; log in again":                        "登录已失效，请重新登录",
	"the link is not valid (any more); ask for another":                   "链接已失效，请重新获取",
	"the second factor is on already; turn it off first":                  "两步验证已开启，请先关闭",
	"this server asks no engines":                                         "此服务器未启用 AI 引擎",
	"this server has no knowledge base":                                   "此服务器未启用知识库",
	"a document may have % bytes":                                         "文档不能超过 % 字节",
	"another tenant has this slug":                                        "已有租户使用此标识",
}

// templates are the words that tell something, cut where they do.
var templates = func() (all [][]string) {
	for english := range words {
		if strings.Contains(english, "%") {
			all = append(all, strings.Split(english, "%"))
		}
	}
	return all
}()

// Say returns what people are told in a language: lang is "zh" for Chinese. A sentence that is not known in it stays as it is.
func Say(lang, english string) string {
	if lang != "zh" {
		return english
	}
	if zh := words[english]; zh != "" {
		return zh
	}
	for _, parts := range templates {
		if told, ok := match(parts, english); ok {
			zh := words[strings.Join(parts, "%")]
			for _, s := range told {
				before, after, _ := strings.Cut(zh, "%")
				zh = before + strings.ReplaceAll(s, "%", "％") + after
			}
			return zh
		}
	}
	return english
}

// match finds what a sentence tells between the parts of a template.
func match(parts []string, s string) (told []string, ok bool) {
	s, ok = strings.CutPrefix(s, parts[0])
	if !ok {
		return nil, false
	}
	for i, p := range parts[1:] {
		at := strings.Index(s, p)
		if i == len(parts)-2 {
			at = len(s) - len(p)
		}
		if at <= 0 || s[at:at+len(p)] != p {
			return nil, false
		}
		told, s = append(told, s[:at]), s[at+len(p):]
	}
	return told, true
}
