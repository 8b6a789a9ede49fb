declare const BUILD: string;

const worker = globalThis as unknown as ServiceWorkerGlobalScope;

/** One cache for each build, so that files of two builds are not mixed. It has no response of /api. */
const PREFIX = "taskward-app-";
const CACHE = PREFIX + BUILD;
const FILES = ["/", "/app/app.js", "/app/app.css", "/app/icon.svg", "/app/manifest.webmanifest"];
/** Milliseconds without a response after which the cached file is used. */
const NETWORK_TIMEOUT = 3000;

worker.addEventListener("install", (event) => {
  void worker.skipWaiting();
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })))),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([deleteOldCaches(), worker.clients.claim()]));
});

worker.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== worker.location.origin || !FILES.includes(pathname)) return;
  event.respondWith(fetchOrCached(event.request, pathname));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data as string));
});

/** Shows the task of a reminder in a window of the app that is open, or in a new one. */
async function show(url: string): Promise<void> {
  const [open] = await worker.clients.matchAll({ type: "window" });
  if (open === undefined) await worker.clients.openWindow(url);
  else await (await open.navigate(url).then((page) => page ?? open)).focus();
}

/** Returns the file of the network, so that a new build is shown at once; without a network, the cached one. */
async function fetchOrCached(request: Request, file: string): Promise<Response> {
  const cached = await caches.match(file, { cacheName: CACHE });
  if (cached === undefined) return await fetch(request);
  let isLate = false;
  const late = new Promise<Response>((resolve) => setTimeout(() => ((isLate = true), resolve(cached)), NETWORK_TIMEOUT));
  const fresh = fetch(request).then(async (response) => {
    if (response.status < 500 && !isLate) return response;
    await response.body?.cancel();
    return cached;
  });
  return await Promise.race([fresh.catch(() => cached), late]);
}

async function deleteOldCaches(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}
