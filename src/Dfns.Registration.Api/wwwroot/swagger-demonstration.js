// In Development the document carries the token its examples belong to: authorize Swagger UI with it, so that an example can be sent as it is.
const waiting = setInterval(() => {
  const token = window.ui?.specSelectors.specJson().get("x-demonstration-token");
  if (!token) return;
  clearInterval(waiting);
  window.ui.preauthorizeApiKey("bearer", token);
}, 100);
