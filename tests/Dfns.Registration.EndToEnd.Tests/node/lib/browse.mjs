/** Goes where a browser would go with a person at a provider who agrees to everything, until it is sent to the application; answers that address. */
export async function browse(url, redirectUri) {
  const cookies = new Map();
  while (!url.startsWith(redirectUri)) {
    const answer = await fetch(url, { redirect: "manual", headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") } });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      cookies.set(name, value);
    }
    if (!answer.headers.has("location")) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
    url = new URL(answer.headers.get("location"), url).href;
  }
  return url;
}
