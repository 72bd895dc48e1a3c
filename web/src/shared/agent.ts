// AgentClient: the client of people at work, who also say how they are, watch lists, and write notes.

import { ProtocolClient } from "./client.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { Availability, Body, Kind, Visibility } from "./packets.ts";
import type { UUID } from "./uuid.ts";

export class AgentClient extends ProtocolClient {
  /** Puts a message into the outbox and sends it as soon as that is possible. */
  send(conv: UUID, kind: Kind, body: Body, visibility: Visibility = "public"): OutboxEntry {
    const entry = this.outbox.add(conv, kind, visibility, body, this.device);
    this.outboxChanged();
    return entry;
  }

  /** Tries a failed message again. */
  retry(cmid: UUID): void {
    this.outbox.retry(cmid, this.device);
    this.outboxChanged();
  }

  status(state: Availability): void {
    this.tell({ type: "status", state });
  }

  /** Asks for inbox.changed EVENTs. To be repeated after each onReady. */
  watchInbox(): void {
    this.tell({ type: "watch", topic: "inbox" });
  }

  /** Asks for board.changed EVENTs of the rows from offset on, in place of what was watched before. false: not connected. */
  watchBoard(filter: Body, offset: number, limit: number): boolean {
    return this.tell({ type: "watch", topic: "board", filter, offset, limit });
  }
}
