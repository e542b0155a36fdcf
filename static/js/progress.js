// Keeps the page of a batch under way up to date. Without it the page loads itself anew every two seconds.
"use strict";

{
  const shown = document.querySelector(".under-way");
  const bar = document.getElementById("progress");
  const words = document.getElementById("progress-words");
  const EVERY = 1000; // milliseconds

  const say = (text) => {
    if (words.textContent !== text) words.textContent = text;
  };

  const show = (now) => {
    if (now.state !== shown.dataset.state || String(now.waits) !== shown.dataset.waits) {
      location.reload();
      return false;
    }
    say(now.words);
    if (now.total && now.state === "checking") {
      bar.max = now.total;
      bar.value = now.done;
    }
    return true;
  };

  const ask = async () => {
    let goesOn = true;
    try {
      const answer = await fetch(shown.dataset.address, { headers: { Accept: "application/json" } });
      // Signed out meanwhile, or the batch is gone: the page itself says so.
      if (answer.redirected || answer.status === 403 || answer.status === 404) return location.reload();
      if (answer.ok) goesOn = show(await answer.json());
      else say(shown.dataset.silent);
    } catch {
      say(shown.dataset.silent);
    }
    if (goesOn) setTimeout(ask, EVERY);
  };

  if (shown) setTimeout(ask, EVERY);
}
