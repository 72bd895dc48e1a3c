import { expect, test } from "vitest";
import { ApiError } from "../api/client.ts";
import { refusal } from "../conversation/bubble.tsx";
import { chooseLanguage, words } from "../i18n/index.ts";
import { explain } from "../settings/parts/errors.ts";
import { reason } from "./problem.tsx";

const large = new ApiError(413, "file_too_large", "a file may have 20971520 bytes", 0, { title: "内容过大" });
const late = new ApiError(409, "too_late", "a message can be changed for 15 minutes after it was sent", 0, { title: "冲突" });
const busy = new ApiError(409, "conflict", "the conversation is closed; reopen it first", 0, { title: "冲突" });
const odd = new ApiError(400, "constructor", "weekly: no time", 0, { title: "请求格式错误" });
const bare = new ApiError(502, "", "");

test("a code is told in the console's words, what has none in the server's", () => {
  expect(reason(large)).toBe("The file is larger than this server takes.");
  expect(reason(busy)).toBe("the conversation is closed; reopen it first");
  expect(reason(odd)).toBe("weekly: no time");
  expect(explain(odd)).toBe("weekly: no time");
  expect(reason(bare)).toBe("HTTP 502");
  expect(refusal({ code: 400, reason: "text: too long" }, words())).toBe("text: too long");
});

test("whoever reads Chinese is told nothing in English", async () => {
  await chooseLanguage("zh");
  expect(reason(large)).toBe("文件超过了本服务器允许的大小。");
  expect(reason(late)).toBe("消息只能在发送后 15 分钟内修改。");
  expect(reason(busy)).toBe("当前状态不允许此操作，情况可能刚刚有变。");
  expect(reason(odd)).toBe("请求格式错误");
  expect(reason(new ApiError(0, "network", "Failed to fetch"))).toBe(words().shell.noServer);
  expect(refusal({ code: 413, reason: "body: too large" }, words())).toBe("内容过长或过大");
  expect(refusal({ code: 500, reason: "internal error" }, words())).toBe("服务器出错");
  // Who sets something up needs to know which part of it is wrong.
  expect(explain(odd)).toBe("请求格式错误（weekly: no time）");
  expect(explain(large)).toBe(reason(large));
});
