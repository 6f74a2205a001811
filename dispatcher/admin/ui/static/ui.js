// What pages do beyond HTML: times in the viewer's zone, numbers that refresh, copying, and a filter's preview.
// Every page works without this.

const language = document.documentElement.lang;
const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" });

function writeTimes(inside) {
  for (const time of inside.querySelectorAll("time[datetime]")) {
    const text = exact.format(new Date(time.dateTime));
    time.title = text;
    if ("absolute" in time.dataset) time.textContent = text;
  }
}

function showCopyButtons(inside) {
  if (!navigator.clipboard) return;
  for (const button of inside.querySelectorAll("button[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.dataset.label ??= button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = button.dataset.label; }, 1500);
});

// Live regions: the page is asked for again, and what stands in them is taken from the answer. A page that answered a
// form has no panel, and none of this.

const panel = document.getElementById("live");
const says = document.getElementById("live-says");
const toggle = document.getElementById("live-toggle");
const regions = () => document.querySelectorAll("[data-live][id]");
const isLive = panel !== null && regions().length > 0;
const PAUSED = "outbound-webhooks-paused";
let timer;
let asking;

const isPaused = () => localStorage.getItem(PAUSED) === "yes";

function say(what) {
  if (says.textContent !== panel.dataset[what]) says.textContent = panel.dataset[what];
}

// Who selects text, is typing, or holds something pressed has it kept: that region waits for the next time.
function isInUse(region) {
  if (region.matches(":active")) return true;  // gone when it is let go, it would get no click
  const selection = getSelection();
  if (!selection.isCollapsed && selection.getRangeAt(0).intersectsNode(region)) return true;
  return region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
}

// Where an element stands: by its id or its link, or else as the one of its kind in what has an id.
function place(element) {
  const within = element.parentElement.closest("[id]");
  const index = [...within.querySelectorAll(element.tagName)].indexOf(element);
  return { id: element.id, within: within.id, tag: element.tagName, href: element.getAttribute("href"), index };
}

function at(where) {
  if (where.id) return document.getElementById(where.id);
  const alike = [...(document.getElementById(where.within)?.querySelectorAll(where.tag) ?? [])];
  if (where.href) return alike.find((element) => element.getAttribute("href") === where.href);
  return alike[where.index];
}

function swap(region, fresh) {
  const active = region.contains(document.activeElement) ? place(document.activeElement) : null;
  const open = [...region.querySelectorAll("details[open][id]")].map((details) => details.id);
  const closed = [...region.querySelectorAll("details:not([open])[id]")].map((details) => details.id);
  const scrolled = [...region.querySelectorAll(".scroll")].map((scroll) => scroll.scrollLeft);
  region.replaceChildren(...fresh.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const id of closed) document.getElementById(id)?.removeAttribute("open");
  region.querySelectorAll(".scroll").forEach((scroll, index) => { scroll.scrollLeft = scrolled[index] ?? 0; });
  if (active) at(active)?.focus({ preventScroll: true });
  dress(region);
}

function take(page) {
  for (const region of regions()) {
    const fresh = page.getElementById(region.id);
    if (!fresh || region.served === fresh.innerHTML || isInUse(region)) continue;
    region.served = fresh.innerHTML;
    swap(region, fresh);
  }
}

async function refresh() {
  asking = new AbortController();
  try {
    const answer = await fetch(location.href, {
      headers: { "X-Refresh": "1", Accept: "text/html" }, signal: asking.signal, redirect: "error",
    });
    if (answer.status === 401) return stop("over");
    if (!answer.ok && answer.status !== 422) return wait("failed");  // a filter that is not valid has a page, too
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    wait("on");
  } catch (error) {
    if (error.name !== "AbortError") wait("failed");
  }
}

function wait(what) {
  say(what);
  clearTimeout(timer);
  timer = setTimeout(() => (isPaused() ? begin() : refresh()), panel.dataset.every * 1000);
}

function stop(what) {
  clearTimeout(timer);
  asking?.abort();
  say(what);
}

function begin() {
  toggle.setAttribute("aria-pressed", isPaused());
  if (isPaused()) stop("off");
  else if (document.visibilityState === "visible") wait("on");
}

toggle?.addEventListener("click", () => {
  localStorage.setItem(PAUSED, isPaused() ? "no" : "yes");
  begin();
});
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") asking?.abort();
  else if (isLive && !isPaused()) refresh();
});

// A preview: some fields of a form (data-of) are sent as they change, and no others; the answer is a piece of HTML.

let previewing;

async function preview(fields, target) {
  previewing?.abort();
  previewing = new AbortController();
  try {
    const answer = await fetch(target.dataset.preview, {
      method: "POST", body: new URLSearchParams(fields), signal: previewing.signal, redirect: "error",
    });
    if (!answer.ok && answer.status !== 422) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    target.replaceChildren(...page.body.childNodes);
    dress(target);
  } catch {
    // The next change asks again.
  }
}

for (const target of document.querySelectorAll("[data-preview]")) {
  const form = target.closest("form");
  const names = target.dataset.of.split(" ");
  let pending;
  form.addEventListener("input", (event) => {
    if (!names.includes(event.target.name)) return;
    clearTimeout(pending);
    pending = setTimeout(() => {
      preview([...new FormData(form)].filter(([name]) => names.includes(name)), target);
    }, 400);
  });
}

function dress(inside) {
  writeTimes(inside);
  showCopyButtons(inside);
}

// A menu that is open closes by Escape, and when something else is clicked.
for (const menu of document.querySelectorAll("details.account")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// What the server sent is what a refresh is compared with, not what dress() has made of it.
for (const region of regions()) region.served = region.innerHTML;
dress(document);
document.querySelector(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
if (isLive) {
  panel.hidden = false;
  begin();
}
