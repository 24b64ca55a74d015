using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Toolformer.Modeling;
using Toolformer.Tools;

namespace Toolformer.Inference;

/// <summary>Registers a model with tools where an application keeps its services.</summary>
public static class ToolformerServices
{
    /// <summary>
    /// Registers, once each, the model, a <see cref="Toolbox"/> of all services of type <see cref="Tool"/> (unless
    /// there is a toolbox already), the <see cref="ToolUsingModel"/> over both, and the <see cref="IChatClient"/> over
    /// that.
    /// </summary>
    /// <param name="model">Opens the model; the container disposes it.</param>
    public static IServiceCollection AddToolformer(this IServiceCollection services,
        Func<IServiceProvider, ILanguageModel> model, ToolformerChatOptions? options = null)
    {
        services.TryAddSingleton(model);
        services.TryAddSingleton(provider => new Toolbox(provider.GetServices<Tool>()));
        services.TryAddSingleton(provider => new ToolUsingModel(
            provider.GetRequiredService<ILanguageModel>(), provider.GetRequiredService<Toolbox>()));
        services.TryAddSingleton<IChatClient>(provider =>
            new ToolformerChatClient(provider.GetRequiredService<ToolUsingModel>(), options));
        return services;
    }
}
