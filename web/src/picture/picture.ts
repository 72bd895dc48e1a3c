// One picture from elsewhere, in a frame of the console, whose own policy lets none in (console/ui/foreign.tsx). The address stands behind the #.

import { safeImage } from "../widget/text.ts";

function tell(picture: "shown" | "failed"): void {
  parent.postMessage({ picture }, location.origin);
}

function addressed(): string {
  try {
    return safeImage(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return "";
  }
}

const src = parent === window ? "" : addressed(); // a page of its own shows nothing: it would stand under our address
if (src === "") tell("failed");
else {
  const img = new Image();
  img.alt = "";
  img.referrerPolicy = "no-referrer";
  img.onload = () => tell("shown");
  img.onerror = () => {
    img.remove();
    tell("failed");
  };
  img.src = src;
  document.body.append(img);
}
