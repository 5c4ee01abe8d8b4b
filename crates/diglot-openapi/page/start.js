// Begins the page. The document's place stands in it, since a strict policy lets no script do so.
const place = document.getElementById("api");
globalThis.SwaggerUIBundle({
  domNode: place,
  url: new URL(place.dataset.document, location.href).href,
  deepLinking: true,
  displayRequestDuration: true,
  // Documents stay here: by default one of another host is shown to a service of Swagger's.
  validatorUrl: null,
});
