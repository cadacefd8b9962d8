// The front door: shows what /health/ready says, again every 15 seconds while the page is looked at.

const kRefreshMs = 15_000;
const kTimeoutMs = 5_000;
const kHeadlines = {
  ok: "Ready",
  degraded: "Working, with limits",
  unavailable: "Not ready",
  unreachable: "The server does not answer",
};
const kModelNotes = {
  offline:
    "No provider is configured, so the built-in model answers from memory and history. " +
    "Set OPENAI_API_KEY or CODELAB_LLM_BASE_URL for a real one.",
  online: "The model that answers your agents.",
};

const byId = (id) => document.getElementById(id);

/** Changes the text only when it differs, so that a screen reader is not told the same thing again. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function textElement(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function storeItem(store) {
  const item = document.createElement("li");
  item.dataset.state = store.status in kHeadlines ? store.status : "unavailable";
  item.append(textElement("span", "name", store.name), textElement("span", "status", store.status));
  return item;
}

function showReadiness(ready) {
  const status = ready.status in kHeadlines ? ready.status : "unavailable";
  say(byId("state"), kHeadlines[status]);
  byId("state").dataset.state = status === "unreachable" ? "unavailable" : status;
  say(byId("version"), `version ${ready.version}`);
  byId("version").hidden = !ready.version;
  say(byId("model"), ready.model?.name ?? "unknown");
  say(byId("model-note"), ready.model?.offline ? kModelNotes.offline : kModelNotes.online);
  byId("model-offline").hidden = !ready.model?.offline;
  say(byId("embedding"), ready.embedding?.name ?? "unknown");
  byId("embedding-offline").hidden = !ready.embedding?.offline;
  const stores = ready.stores?.map(storeItem) ?? [textElement("li", "", "unknown")];
  byId("stores").replaceChildren(...stores);
}

/** A server that is not ready answers 503 with the same JSON, so the status code is not looked at. */
async function refresh() {
  try {
    const signal = AbortSignal.timeout(kTimeoutMs);
    const response = await fetch("/health/ready", { headers: { Accept: "application/json" }, signal });
    showReadiness(await response.json());
  } catch {
    showReadiness({ status: "unreachable" });
  }
}

function addCopyButton(pre) {
  const button = textElement("button", "copy", "Copy");
  button.type = "button";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Failed";
    }
    setTimeout(() => (button.textContent = "Copy"), 2_000);
  });
  const frame = textElement("div", "command", "");
  pre.replaceWith(frame);
  frame.append(pre, button);
}

for (const origin of document.querySelectorAll(".origin")) origin.textContent = location.origin;
if (navigator.clipboard) document.querySelectorAll(".tour pre").forEach(addCopyButton);

const refreshWhenSeen = () => document.hidden || refresh();
document.addEventListener("visibilitychange", refreshWhenSeen);
setInterval(refreshWhenSeen, kRefreshMs);
refresh();
