// The rating at the end: stars, and a comment for those who want to say more.

import { useState } from "preact/hooks";
import { format } from "../../shared/i18n/index.ts";
import { useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { useWords } from "./words.ts";

export function Rating({ conv, done, later }: { conv: string; done(): void; later(): void }) {
  const { room, t } = useDesk();
  const w = useWords();
  const [stars, setStars] = useState(0);
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState(false);
  const [bad, setBad] = useState("");
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setBad("");
    try {
      await room.api.call("POST", `/conversations/${conv}/rating`, { rating: stars, ...(comment.trim() === "" ? {} : { comment: comment.trim() }) });
      done();
    } catch (err) {
      setBad(err instanceof Error ? err.message : String(err));
      setBusy(false);
    }
  };
  return (
    <form class="card rating" data-testid="rating" onSubmit={(e) => void submit(e)}>
      <fieldset>
        <legend>{w.rateTitle}</legend>
        <div class="stars">
          {[1, 2, 3, 4, 5].map((n) => (
            <label class={n <= stars ? "star lit" : "star"} data-testid={`star-${n}`}>
              <input type="radio" name="uniqchat-rating" value={n} checked={stars === n} onChange={() => setStars(n)} />
              <Icon name="star" /><span class="hidden">{format(w.rateStar, { n })}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <textarea rows={2} maxLength={1000} placeholder={w.rateComment} aria-label={w.rateComment} value={comment} data-testid="rating-comment" onInput={(e) => setComment(e.currentTarget.value)} />
      {bad !== "" && <small class="bad" role="alert">{t.problem + bad}</small>}
      <div class="buttons">
        <button type="button" class="quiet" onClick={later}>{w.rateLater}</button>
        <button type="submit" class="primary" disabled={busy || stars === 0} data-testid="rating-send">{w.rateSend}</button>
      </div>
    </form>
  );
}
