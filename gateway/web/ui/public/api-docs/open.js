// `validatorUrl: null` keeps the page from asking an outside service to judge our description.
window.SwaggerUIBundle({ url: "/api/v1/openapi.json", dom_id: "#reference", deepLinking: true, validatorUrl: null });
