using System.Text.Json.Nodes;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.OpenApi;

namespace Dfns.Registration.Api.OpenApi;

/// <summary>The OpenAPI document at <c>/swagger/v1/swagger.json</c> and Swagger UI at <c>/swagger</c>.</summary>
internal static class OpenApiDocumentSetup
{
    public static void AddOpenApiDocument(this IServiceCollection services)
    {
        services.TryAddSingleton<IRequestExamples, MadeUpExamples>();
        services.AddSingleton<ApiDocument>();
        services.AddEndpointsApiExplorer();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.DefaultIgnoreCondition = WireJson.Options.DefaultIgnoreCondition;
            json.SerializerOptions.Encoder = WireJson.Options.Encoder;
        });
        services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc(ApiDocument.Name, new OpenApiInfo
            {
                Title = "Dfns.Registration",
                Version = ServiceVersion.Text,
                Description = "User registration and credentials in the Dfns wire format. Errors have one shape, "
                    + "`{\"error\":{\"status\",\"code\",\"message\",\"help\",\"path\"},\"message\"}`; each operation lists every code it can answer.",
                License = new OpenApiLicense { Name = "MIT" },
            });
            swagger.AddSecurityDefinition(BearerOperations.Scheme, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "The temporaryAuthenticationToken of the answer that carried the challenge; for a caller's own calls the token of POST /auth/login, or of a service account.",
            });
            swagger.SupportNonNullableReferenceTypes();
            swagger.NonNullableReferenceTypesAsRequired();
            swagger.IncludeXmlComments(typeof(Program).Assembly);
            // What an event tells follows from its kind; how .NET keeps it is nobody's business.
            swagger.MapType<JsonObject>(() => new OpenApiSchema { Type = JsonSchemaType.Object });
            swagger.OperationFilter<BearerOperations>();
            swagger.OperationFilter<UserActionOperations>();
            swagger.OperationFilter<QueryOperations>();
            swagger.OperationFilter<ErrorResponses>();
            swagger.DocumentFilter<CredentialSchemas>();
            swagger.DocumentAsyncFilter<ExampleBodies>();
        });
    }

    public static void MapApiDocument(this IEndpointRouteBuilder routes) =>
        routes.MapGet(ApiDocument.Path, async (ApiDocument document, HttpContext http, CancellationToken ct) => (await document.GetAsync().WaitAsync(ct)).Ok(http))
            .ExcludeFromDescription();

    public static void UseSwaggerPages(this WebApplication app)
    {
        // A call of the API does not pass through here.
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/swagger", StringComparison.OrdinalIgnoreCase), pages => pages.UseSwaggerUI(ui =>
        {
            ui.SwaggerEndpoint(ApiDocument.Path, "Dfns.Registration");
            ui.DocumentTitle = "Dfns.Registration API";
            ui.DisplayRequestDuration();
            ui.EnableTryItOutByDefault();
            ui.DefaultModelsExpandDepth(0);
            if (app.Environment.IsDevelopment()) ui.InjectJavascript("/swagger-demonstration.js");
        }));
    }
}
