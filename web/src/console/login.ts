// The log-in form.

import { fill, h } from "../shared/dom.ts";
import { ApiError, login } from "./api.ts";
import type { Texts } from "./texts.ts";

export function showLogin(root: Element, t: Texts, switchLanguage: () => void, done: () => void): void {
  const email = h("input", { id: "email", type: "email", name: "email", autocomplete: "username", required: true, "data-testid": "email" });
  const password = h("input", { id: "password", type: "password", name: "password", autocomplete: "current-password", required: true, "data-testid": "password" });
  const tenant = h("input", { id: "tenant", name: "tenant", autocomplete: "organization" });
  const tenantField = h("div", { class: "field", hidden: true }, h("label", { for: "tenant" }, t.tenant), tenant);
  const problem = h("p", { class: "problem", role: "alert", "data-testid": "problem" });
  const button = h("button", { class: "primary", type: "submit", "data-testid": "login" }, t.login);
  const form = h("form", { class: "card", "aria-label": t.login },
    h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), t.title),
    h("div", { class: "field" }, h("label", { for: "email" }, t.email), email),
    h("div", { class: "field" }, h("label", { for: "password" }, t.password), password),
    tenantField, problem, button,
    h("button", { class: "link", type: "button", onclick: switchLanguage }, t.language));
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    button.disabled = true;
    button.textContent = t.loggingIn;
    problem.textContent = "";
    try {
      await login(email.value.trim(), password.value, tenant.value.trim());
      done();
    } catch (e) {
      problem.textContent = explain(e, t);
      if (e instanceof ApiError && e.code === "tenant_required") tenantField.hidden = false;
    } finally {
      button.disabled = false;
      button.textContent = t.login;
    }
  });
  fill(root, h("main", { class: "login" }, form));
  email.focus();
}

function explain(e: unknown, t: Texts): string {
  if (!(e instanceof ApiError)) return String(e);
  if (e.status === 0) return t.noServer;
  if (e.code === "tenant_required") return t.tenantNeeded;
  if (e.status === 401) return t.badLogin;
  return e.message;
}
