namespace Dfns.Registration.Api.Hosting;

/// <summary>Answers <c>HEAD</c> wherever <c>GET</c> is answered (RFC 9110 §9.3.2): as that, without the body.</summary>
internal static class HeadRequests
{
    /// <summary>Before routing, which knows of <c>GET</c> alone. What the server itself sends of an answer goes by the method that it has read.</summary>
    public static void UseHeadAsGet(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        context.Request.Method = HttpMethods.Get;
        try
        {
            await next(context);
        }
        finally
        {
            // For whatever tells of the request.
            context.Request.Method = HttpMethods.Head;
        }
    });
}
