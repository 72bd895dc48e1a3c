// The pages behind links in mails: ask for a new password, choose one.
"use strict";
const chosen = (() => { try { return localStorage.getItem("uniqchat:console:lang"); } catch { return null; } })(); // JSON, in the console beside
const zh = chosen === null ? !navigator.language.toLowerCase().startsWith("en") : chosen === '"zh"';
const say = (z, e) => (zh ? z : e);
const at = (id) => document.getElementById(id);
const link = new URLSearchParams(location.hash.slice(1));
const invite = link.get("invite"), reset = link.get("password_reset"), token = invite || reset;
const choosing = location.pathname.endsWith("/link");
if (token) history.replaceState(null, "", location.pathname); // it is nobody's to find in a list of pages

document.documentElement.lang = zh ? "zh" : "en";
at("title").textContent = choosing ? say("设置密码", "Choose a password") : say("忘记密码", "Forgotten password");
at("intro").textContent = choosing ? "" : say("我们会向该邮箱发送一个链接，用于设置新密码。", "We send a link to this address, with which you choose a new password.");
at("label").textContent = choosing ? say("新密码（至少 8 位）", "New password (8 characters at least)") : say("邮箱", "E-mail");
at("send").textContent = choosing ? say("保存密码", "Save the password") : say("发送重置链接", "Send me a link");
at("back").textContent = say("返回登录", "Back to the log-in");
at("field").type = choosing ? "password" : "email";
at("field").autocomplete = choosing ? "new-password" : "username";
at("field").minLength = choosing ? 8 : 3;
if (choosing && !token) {
  at("form").hidden = true;
  at("said").textContent = say("链接无效，请重新申请。", "This link is not valid; ask for another.");
}

at("form").addEventListener("submit", async (e) => {
  e.preventDefault();
  at("send").disabled = true;
  const value = at("field").value;
  const path = !choosing ? "/auth/reset" : invite ? "/api/v1/auth/invite/accept" : "/api/v1/auth/password/reset/confirm";
  const headers = { "Content-Type": "application/json", "Accept-Language": zh ? "zh" : "en" };
  if (choosing) headers.Authorization = "Bearer " + token;
  let text = say("网络错误，请重试。", "That did not work; try again.");
  try {
    const r = await fetch(path, { method: "POST", headers, body: JSON.stringify(choosing ? { password: value } : { email: value.trim() }) });
    if (r.ok) {
      at("form").hidden = true;
      text = choosing ? say("密码已设置，现在可以登录了。", "Done: you can log in now.")
        : say("如果该邮箱有账号，您会收到一封带链接的邮件。", "If there is an account with this address, a mail with a link is on its way.");
    } else {
      const p = await r.json();
      text = p.detail || p.title;
    }
  } catch { /* the text says it */ }
  at("said").textContent = text;
  at("send").disabled = false;
});
