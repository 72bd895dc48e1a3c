// The rating at the end: stars, and a comment for those who want to say more.

import { useState } from "preact/hooks";
import { format } from "../../shared/i18n/index.ts";
import { useAttempt, useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { useWords } from "./words.ts";

const star = "M12 3.800l2.500 5.100 5.600.800-4.050 3.950.950 5.600L12 16.600l-5 2.650.950-5.600L3.900 9.700l5.600-.800z";

export function Rating({ conv, done, later }: { conv: string; done(): void; later(): void }) {
  const { room } = useDesk();
  const w = useWords();
  const [stars, setStars] = useState(0);
  const [comment, setComment] = useState("");
  const { bad, role, busy, attempt } = useAttempt();
  const long = comment.trim().length > 1000;
  const submit = (e: Event) => {
    e.preventDefault();
    void attempt(async () => {
      await room.api.call("POST", `/conversations/${conv}/rating`, { rating: stars, ...(comment.trim() === "" ? {} : { comment: comment.trim() }) });
      done();
    });
  };
  return (
    <form class="card rating" data-testid="rating" onSubmit={submit}>
      <fieldset>
        <legend>{w.rateTitle}</legend>
        <div class="stars">
          {[1, 2, 3, 4, 5].map((n) => (
            <label class={n <= stars ? "star lit" : "star"} data-testid={`star-${n}`}>
              <input type="radio" name="uniqchat-rating" value={n} checked={stars === n} onChange={() => setStars(n)} />
              <Icon name="star" d={star} /><span class="hidden">{format(w.rateStar, { n })}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <textarea rows={2} placeholder={w.rateComment} aria-label={w.rateComment} value={comment} data-testid="rating-comment" onInput={(e) => setComment(e.currentTarget.value)} />
      {long && <small class="bad" role="alert">{w.tooLong}</small>}
      {bad !== "" && <small class="bad" role={role}>{bad}</small>}
      <div class="buttons">
        <button type="button" class="quiet" onClick={later}>{w.rateLater}</button>
        <button type="submit" class="primary" disabled={busy || long || stars === 0} data-testid="rating-send">{w.rateSend}</button>
      </div>
    </form>
  );
}
