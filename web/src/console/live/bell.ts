// Bell: sound and desktop notifications for what an agent should not miss while looking elsewhere.

import { load, save } from "../../shared/browser.ts";
import { messageText } from "../../shared/i18n/system.ts";
import type { Message } from "../../shared/packets.ts";
import { words } from "../i18n/index.ts";

const key = "uniqchat:console:bell";

export interface BellSettings { sound: boolean; desktop: boolean }

export class Bell {
  settings: BellSettings;
  /** Opens a conversation: what a click on a notification does. */
  open: (conv: string) => void = () => undefined;
  /** The conversation that is on the screen. */
  looking: () => string = () => "";
  private context: AudioContext | null = null;

  constructor() {
    const kept = load(key) as Partial<BellSettings> | null;
    this.settings = { sound: kept?.sound ?? true, desktop: kept?.desktop ?? false };
  }

  /** Changes what is wanted. Asks the browser for the permission to notify; false if it does not give it. */
  async set(change: Partial<BellSettings>): Promise<boolean> {
    if (change.desktop === true && (!("Notification" in window) || (await Notification.requestPermission()) !== "granted")) return false;
    this.settings = { ...this.settings, ...change };
    save(key, this.settings);
    return true;
  }

  message(m: Message, me: string): void {
    if (m.role !== "visitor" || m.sender === me || m.kind === "system") return;
    const seen = document.visibilityState === "visible" && document.hasFocus();
    if (seen && this.looking() === m.conv) return;
    this.ring();
    if (!seen) this.notify(words().shell.newMessage, messageText(m.body, { agent: "", other: "", unsupported: "" }), m.conv);
  }

  notify(title: string, body: string, conv: string): void {
    if (!this.settings.desktop || !("Notification" in window) || Notification.permission !== "granted") return;
    let n: Notification;
    try {
      n = new Notification(title, { body: body.slice(0, 140), tag: conv });
    } catch {
      return; // Chrome on Android has the constructor, and refuses it
    }
    n.onclick = () => {
      window.focus();
      this.open(conv);
      n.close();
    };
  }

  /** Two soft tones. Browsers stay silent until somebody has clicked. */
  ring(): void {
    if (!this.settings.sound) return;
    try {
      const ctx = (this.context ??= new AudioContext());
      for (const [at, hz] of [[0, 880], [.12, 1174.7]] as const) {
        const o = ctx.createOscillator(), g = ctx.createGain();
        o.frequency.value = hz;
        g.gain.setValueAtTime(0, ctx.currentTime + at);
        g.gain.linearRampToValueAtTime(.08, ctx.currentTime + at + .02);
        g.gain.exponentialRampToValueAtTime(.0001, ctx.currentTime + at + .35);
        o.connect(g).connect(ctx.destination);
        o.start(ctx.currentTime + at);
        o.stop(ctx.currentTime + at + .4);
      }
    } catch {
      // No sound on this machine.
    }
  }
}
