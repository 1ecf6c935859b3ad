using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.OpenApi;
using Dfns.Registration.Api.Operations;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Users;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

if (args is ["healthcheck"]) return await Health.AskAsync();

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
builder.AddTelemetry();
builder.AddSettings();
builder.AddDatabase();
builder.AddCodeDelivery();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<Entropy, SystemEntropy>();
builder.Services.AddTokens();
builder.Services.AddScoped<RegistrationStore>().AddScoped<UserStore>();
builder.Services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<NetworkOptions>>((headers, network) => network.Value.Configure(headers));
builder.Services.AddCors().AddSingleton<ICorsPolicyProvider, OrganisationCors>();
builder.Services.AddRateLimits();
builder.Services.AddHealth();
if (builder.Environment.IsDevelopment()) builder.AddDemonstration();
builder.Services.AddOpenApiDocument();

var app = builder.Build();
app.UseForwardedHeaders();
app.UseSecurityHeaders();
// Before the request log: a page is a dozen files, and the log is about the API.
if (app.Environment.IsDevelopment()) app.UseDefaultFiles().UseStaticFiles();
app.UseRequestTelemetry();
app.UseEdgeErrors();
app.UseSwaggerPages();
app.UseRouting();
app.UseCors();
app.UseRateLimiter();
app.MapRegistration();
app.MapJwks();
app.MapHealth();

return await app.RunServiceAsync();
