using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Dfns.Registration.Api.OpenApi;

/// <summary>Declares the bearer scheme on the operations that read a token.</summary>
internal sealed class BearerOperations : IOperationFilter
{
    public const string Scheme = "bearer";

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (!context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<BearerMetadata>().Any()) return;
        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
    }
}

/// <summary>Declares the header that carries a signed user action.</summary>
internal sealed class UserActionOperations : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (!context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<UserActionMetadata>().Any()) return;
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = "X-DFNS-USERACTION",
            In = ParameterLocation.Header,
            Required = true,
            Description = "The userAction of POST /auth/action, signed over this method, path and body; good for one call.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
    }
}

/// <summary>Declares the parameters of the query that a handler reads itself.</summary>
internal sealed class QueryOperations : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var parameter in context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<QueryParameter>())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = ParameterLocation.Query,
                Description = parameter.Description,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }
    }
}

/// <summary>Lists every error an operation can answer, each with its body as an example.</summary>
internal sealed class ErrorResponses : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var errors = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<ErrorsMetadata>().SelectMany(m => m.Errors).DistinctBy(e => e.Code);
        var schema = context.SchemaGenerator.GenerateSchema(typeof(ErrorBody), context.SchemaRepository);
        foreach (var status in errors.GroupBy(e => e.Status).OrderBy(g => g.Key))
        {
            operation.Responses ??= [];
            operation.Responses[status.Key.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = $"{ReasonPhrases.GetReasonPhrase(status.Key)}. {string.Join(" ", status.Select(e => $"`{e.Code}`"))}",
                Content = new Dictionary<string, IOpenApiMediaType>(StringComparer.Ordinal)
                {
                    ["application/json"] = new OpenApiMediaType
                    {
                        Schema = schema,
                        Examples = status.ToDictionary(
                            e => e.Code,
                            IOpenApiExample (e) => new OpenApiExample { Summary = e.Message, Value = JsonSerializer.SerializeToNode(ErrorBody.Of(e), WireJson.Options) },
                            StringComparer.Ordinal),
                    },
                },
            };
        }
    }
}

/// <summary>Describes a credential as one of four schemas, told apart by <c>credentialKind</c>, and each slot by the kinds it takes.</summary>
internal sealed class CredentialSchemas : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var schemas = context.SchemaRepository.Schemas;
        foreach (var kind in Enum.GetValues<Verification.CredentialKind>()) schemas[SchemaId(kind.ToString())] = Schema(kind, swaggerDoc);

        foreach (var registration in new[] { nameof(RegistrationRequest), nameof(EndUserRegistrationRequest) }.Select(name => (OpenApiSchema)schemas[name]))
        {
            var slots = registration.Properties!;
            slots["firstFactorCredential"] = OneOf(swaggerDoc, "How the user signs in.", CredentialSlots.FactorKinds);
            slots["secondFactorCredential"] = OneOf(swaggerDoc, "A second factor.", CredentialSlots.FactorKinds);
            slots["recoveryCredential"] = OneOf(swaggerDoc, "How the user recovers the account when every other credential is lost.", CredentialSlots.RecoveryKinds);
            registration.Required = new HashSet<string>(StringComparer.Ordinal) { "firstFactorCredential" };
        }

        schemas.Remove(nameof(CredentialRequest));
    }

    private static string SchemaId(string kind) => $"{kind}Credential";

    private static OpenApiSchema OneOf(OpenApiDocument document, string description, IReadOnlyList<Verification.CredentialKind> kinds) => new()
    {
        Description = description,
        OneOf = [.. kinds.Select(k => new OpenApiSchemaReference(SchemaId(k.ToString()), document))],
        Discriminator = new OpenApiDiscriminator
        {
            PropertyName = "credentialKind",
            Mapping = kinds.ToDictionary(k => k.ToString(), k => new OpenApiSchemaReference(SchemaId(k.ToString()), document), StringComparer.Ordinal),
        },
    };

    private static OpenApiSchema Schema(Verification.CredentialKind kind, OpenApiDocument document)
    {
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
            {
                ["credentialKind"] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [JsonValue.Create(kind.ToString())] },
                ["credentialInfo"] = new OpenApiSchemaReference(nameof(CredentialInfoRequest), document),
                ["credentialName"] = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = Storage.Limits.NameLength },
            },
            Required = new HashSet<string>(StringComparer.Ordinal) { "credentialKind", "credentialInfo" },
        };
        if (kind is Verification.CredentialKind.PasswordProtectedKey or Verification.CredentialKind.RecoveryKey)
        {
            schema.Properties["encryptedPrivateKey"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                MinLength = 1,
                MaxLength = Storage.Limits.EncryptedPrivateKeyLength,
                Description = "The private key as the client encrypted it: opaque, returned byte for byte.",
            };
        }

        if (kind == Verification.CredentialKind.PasswordProtectedKey) schema.Required.Add("encryptedPrivateKey");
        return schema;
    }
}

/// <summary>Puts the examples into the document, and in Development the token that they belong to.</summary>
internal sealed class ExampleBodies(IRequestExamples examples) : IDocumentAsyncFilter
{
    public async Task ApplyAsync(OpenApiDocument swaggerDoc, DocumentFilterContext context, CancellationToken cancellationToken)
    {
        var made = await examples.MakeAsync(cancellationToken);
        foreach (var operation in swaggerDoc.Paths.Values.SelectMany(p => p.Operations ?? []).Select(o => o.Value))
        {
            if (operation.OperationId is null || !made.Bodies.TryGetValue(operation.OperationId, out var bodies)) continue;
            var content = (OpenApiMediaType)operation.RequestBody!.Content!["application/json"];
            content.Examples = bodies.ToDictionary(
                b => b.Key, IOpenApiExample (b) => new OpenApiExample { Summary = b.Key, Value = b.Value.DeepClone() }, StringComparer.Ordinal);
        }

        if (made.BearerToken is not { } token) return;
        swaggerDoc.AddExtension("x-demonstration-token", new JsonNodeExtension(JsonValue.Create(token)));
        // A copy: the info is one object for every document that is ever made.
        swaggerDoc.Info = new OpenApiInfo(swaggerDoc.Info)
        {
            Description = swaggerDoc.Info.Description + "\n\n**Demonstration.** The page is authorized already, and the examples below signed the open "
                + "challenge of a demonstration user: choose one and send it. Reload the page for the next user.",
        };
    }
}
